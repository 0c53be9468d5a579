"""Keeps the cost of calls within the budget."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from leap_kedro.language_models.access import Price
from leap_kedro.language_models.errors import BudgetSpent, PriceUnknown
from leap_kedro.language_models.parameters import BudgetParameters


@dataclass(slots=True)
class Bill:
    """Whether one call was answered, and its cost if known; failed calls are not billed."""

    answered: bool = False
    dollars: float | None = None


class SpendingLimit:
    """Calls and dollars spent so far, and those reserved by unfinished calls.

    Each call first reserves its maximum cost. If that could exceed the budget, it waits until unfinished calls have
    been billed, usually for less. If there are no unfinished calls, the budget is spent.

    Raises:
        PriceUnknown: If the budget is in dollars and there is no price.
    """

    def __init__(self, model: str, budget: BudgetParameters, price: Price | None) -> None:
        if budget.dollars is not None and price is None:
            raise PriceUnknown(
                f"The budget is {budget.dollars} dollars, but the price of the model '{model}' is unknown: add it to "
                "conf/base/prices.yml, or set `budget.dollars` to null and limit `budget.calls`."
            )
        self._model = model
        self._budget = budget
        self._price = price
        self._changed = asyncio.Condition()
        self._under_way = 0
        self._reserved = 0.0
        self.calls = 0
        self.dollars = 0.0

    @asynccontextmanager
    async def call(self, prompt_bytes: int, max_tokens: int) -> AsyncIterator[Bill]:
        """One call, to be billed inside the context.

        Args:
            prompt_bytes: Bytes of the request, an upper bound for its tokens.
            max_tokens: Maximum tokens of the answer.

        Raises:
            BudgetSpent: If the call could exceed the budget.
        """
        most = self._price.of(prompt_bytes, max_tokens) if self._price else 0.0
        async with self._changed:
            while not self._affords(most):
                if not self._under_way:
                    raise BudgetSpent(self._message(most))
                await self._changed.wait()
            self._under_way += 1
            self._reserved += most
        bill = Bill()
        try:
            yield bill
        finally:
            async with self._changed:
                self._under_way -= 1
                self._reserved -= most
                if bill.answered:
                    self.calls += 1
                    self.dollars += most if bill.dollars is None else bill.dollars
                self._changed.notify_all()

    def _affords(self, most: float) -> bool:
        calls, dollars = self._budget.calls, self._budget.dollars
        return (calls is None or self.calls + self._under_way < calls) and (
            dollars is None or self.dollars + self._reserved + most <= dollars
        )

    def _message(self, most: float) -> str:
        calls, dollars = self._budget.calls, self._budget.dollars
        if calls is not None and self.calls >= calls:
            spent = f"The budget of {calls} calls to '{self._model}' is spent (`budget.calls`)."
        else:
            spent = (
                f"Of the budget of {dollars} dollars for '{self._model}' {self.dollars:.4f} are spent, and the next "
                f"call could cost {most:.4f} (`budget.dollars`)."
            )
        return f"{spent} Raise the budget and run the same command again: earlier answers are not paid for twice."
