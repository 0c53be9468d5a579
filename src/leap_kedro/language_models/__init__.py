"""Language models behind OpenAI-compatible servers.

`LanguageModel.complete` answers a `Request` with a `Completion`: from the cache on disk if the same request was
answered before, else from the server, with limited concurrency, retries and a budget. `as_completed` and `in_order`
(`concurrency`) call it from code that is not asynchronous.
"""

from leap_kedro.language_models.access import Access
from leap_kedro.language_models.chat import Completion, Finish, Message, Request, Role
from leap_kedro.language_models.client import LanguageModel, takes_own_temperature
from leap_kedro.language_models.concurrency import as_completed, in_order
from leap_kedro.language_models.errors import (
    BudgetSpent,
    LanguageModelError,
    ModelRefusedRequest,
    ModelUnavailable,
    PriceUnknown,
    PromptTooLong,
    RequestRejected,
)
from leap_kedro.language_models.parameters import (
    BudgetParameters,
    CallParameters,
    ModelParameters,
    ServerParameters,
    Structured,
)
from leap_kedro.language_models.prices import Price

__all__ = [
    "Access",
    "BudgetParameters",
    "BudgetSpent",
    "CallParameters",
    "Completion",
    "Finish",
    "LanguageModel",
    "LanguageModelError",
    "Message",
    "ModelParameters",
    "ModelRefusedRequest",
    "ModelUnavailable",
    "Price",
    "PriceUnknown",
    "PromptTooLong",
    "Request",
    "RequestRejected",
    "Role",
    "ServerParameters",
    "Structured",
    "as_completed",
    "in_order",
    "takes_own_temperature",
]
