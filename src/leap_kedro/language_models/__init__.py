"""Language models behind OpenAI-compatible servers.

`LanguageModel.complete` answers a `Request` with a `Completion`, from the cache on disk or else from the server, with
bounded concurrency, retries and a budget. `as_completed`, `in_order` and `Calls` call it from code that is not
asynchronous.
"""

from leap_kedro.language_models.access import Access, Price
from leap_kedro.language_models.chat import (
    Completion,
    Constraint,
    Enforced,
    Finish,
    Message,
    Request,
    Role,
    ToolCall,
)
from leap_kedro.language_models.client import LanguageModel
from leap_kedro.language_models.concurrency import Calls, as_completed, in_order
from leap_kedro.language_models.errors import (
    BudgetSpent,
    LanguageModelError,
    ModelRefusedRequest,
    ModelUnavailable,
    PromptTooLong,
    RequestRejected,
)
from leap_kedro.language_models.parameters import ActionForm, BudgetParameters, ModelParameters, ServerParameters

__all__ = [
    "Access",
    "ActionForm",
    "BudgetParameters",
    "BudgetSpent",
    "Calls",
    "Completion",
    "Constraint",
    "Enforced",
    "Finish",
    "LanguageModel",
    "LanguageModelError",
    "Message",
    "ModelParameters",
    "ModelRefusedRequest",
    "ModelUnavailable",
    "Price",
    "PromptTooLong",
    "Request",
    "RequestRejected",
    "Role",
    "ServerParameters",
    "ToolCall",
    "as_completed",
    "in_order",
]
