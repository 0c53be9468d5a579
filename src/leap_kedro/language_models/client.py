"""A language model behind an OpenAI-compatible server."""

from leap_kedro.language_models.access import Access
from leap_kedro.language_models.chat import Completion, Request
from leap_kedro.language_models.parameters import BudgetParameters, ModelParameters


class LanguageModel:
    """Answers requests. All its calls belong into one event loop (`as_completed` has one for the whole process)."""

    def __init__(self, parameters: ModelParameters, access: Access, budget: BudgetParameters | None = None) -> None:
        """Describe the model; no call is made.

        Raises:
            PriceUnknown: If `budget.dollars` is set and the model has no price.
        """
        self.parameters = parameters
        self._access = access
        self._budget = budget or BudgetParameters()

    async def complete(self, request: Request) -> Completion:
        """The answer to `request`, from the cache where it was answered before.

        Raises:
            ModelUnavailable: If there is no usable answer after all tries.
            RequestRejected: If the server takes the request as malformed or too long.
            ModelRefusedRequest: If key, model name or account is wrong.
            BudgetSpent: If the call could go over the budget.
        """
        raise NotImplementedError
