"""Errors of language models.

    LanguageModelError
      ModelUnavailable      one call: no usable answer after all tries (server down, overloaded, too slow, broken)
      RequestRejected       one call: the server considers this request malformed
        PromptTooLong       one call: request and answer do not fit into the model's context
      ModelRefusedRequest   all calls: the key, the model's name or the account is wrong
      BudgetSpent           all calls: the next one could exceed the budget
      PriceUnknown          at the start: a budget in dollars for a model without a price

The messages name the server, the model and the remedy; they never contain the key.
"""

from leap_kedro.records import UserError


class LanguageModelError(UserError):
    """A language model did not answer."""


class ModelUnavailable(LanguageModelError):
    """No usable answer after all tries; other calls may succeed."""


class RequestRejected(LanguageModelError):
    """The server considers this request malformed or too long; other requests may succeed."""


class PromptTooLong(RequestRejected):
    """The request and its answer do not fit into the model's context."""


class ModelRefusedRequest(LanguageModelError):
    """The server rejects all requests: key, model name or account is wrong."""


class BudgetSpent(LanguageModelError):
    """The next call could exceed the budget of calls or dollars; earlier answers are in the cache."""


class PriceUnknown(LanguageModelError):
    """A budget in dollars was set for a model without a known price."""
