"""What can go wrong between us and a language model.

    LanguageModelError
      ModelUnavailable      one call: no usable answer after all tries (server down, overloaded, too slow, broken)
      RequestRejected       one call: the server takes this request as malformed
        PromptTooLong       one call: with the answer it would not fit into the model's context
      ModelRefusedRequest   all calls: the key, the model's name or the account is wrong
      BudgetSpent           all calls: the next one could go over the budget
      PriceUnknown          at the start: a budget in dollars for a model without a price

The messages name the server, the model and what to do; they never hold the key.
"""

from leap_kedro.records import UserError


class LanguageModelError(UserError):
    """A language model gave no answer."""


class ModelUnavailable(LanguageModelError):
    """No usable answer after all tries; another call may have more luck."""


class RequestRejected(LanguageModelError):
    """The server takes this one request as malformed or too long; other requests may pass."""


class PromptTooLong(RequestRejected):
    """The request and its answer do not fit into the model's context."""


class ModelRefusedRequest(LanguageModelError):
    """The server serves none of our requests: key, model name or account is wrong."""


class BudgetSpent(LanguageModelError):
    """The next call could go over the budget of calls or dollars; what was answered is in the cache."""


class PriceUnknown(LanguageModelError):
    """A budget in dollars was set for a model whose price nobody knows."""
