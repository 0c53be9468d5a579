"""A language model behind an OpenAI-compatible server."""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from leap_kedro.language_models.access import Access, price_of
from leap_kedro.language_models.budget import SpendingLimit
from leap_kedro.language_models.cache import AnswerCache, question
from leap_kedro.language_models.chat import Completion, Constraint, Enforced, Finish, Request
from leap_kedro.language_models.dialect import ENFORCING, body_of, first_dialect
from leap_kedro.language_models.errors import ModelUnavailable
from leap_kedro.language_models.parameters import BudgetParameters, ModelParameters
from leap_kedro.language_models.replicas import Transient
from leap_kedro.language_models.response import Answer
from leap_kedro.language_models.transport import Filtered, Malformed, Transport

FIRST_WAIT = 1.0
"""Maximum wait before the second try, in seconds; it doubles with each try."""
LONGEST_WAIT = 60.0
LONGEST_WAIT_ASKED_FOR = 600.0
"""If a server requests a longer wait than this, for example because of a daily limit, there are no more retries."""
_LONG = 10.0  # seconds; longer waits are logged

logger = logging.getLogger(__name__)

_own_temperature: set[tuple[str, str]] = set()


def takes_own_temperature(parameters: ModelParameters) -> bool:
    """Whether this server has answered for this model in this process at its own instead of the given temperature."""
    return (parameters.address, parameters.model) in _own_temperature


class LanguageModel:
    """Answers requests. All calls must be in one event loop; `as_completed` uses one for the whole process.

    Raises:
        PriceUnknown: If `budget.dollars` is set and the model has no price.
    """

    def __init__(self, parameters: ModelParameters, access: Access, budget: BudgetParameters | None = None) -> None:
        self.parameters = parameters
        self._transport = Transport(parameters, access)
        self._cache = AnswerCache(access.cache) if access.cache else None
        self._price = price_of(parameters.model, access.prices)
        self._price_missed = False
        self._spending = SpendingLimit(parameters.model, budget or BudgetParameters(), self._price)
        self._under_way = asyncio.Semaphore(parameters.concurrency)
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._constraint_missed = False
        self._dialect = first_dialect(parameters)

    async def complete(self, request: Request, is_usable: Callable[[Completion], bool] = lambda _: True) -> Completion:
        """The answer to `request`, from the cache if possible.

        Args:
            request: The request.
            is_usable: Whether the caller can use an answer. Only complete and usable answers are cached; the others are
                requested again in the next run.

        Raises:
            ModelUnavailable: If there is no usable answer after all tries.
            RequestRejected: If the server considers the request malformed or too long.
            ModelRefusedRequest: If key, model name or account is wrong.
            BudgetSpent: If the call could exceed the budget.
        """
        completion = await self._answered(question(self.parameters, request), is_usable, request.conversation)
        if completion.own_temperature:
            _own_temperature.add((self.parameters.address, self.parameters.model))
        return completion

    def can_enforce(self, constraint: Constraint) -> bool:
        """Whether the server may enforce such a constraint: whether it has not yet refused or ignored its forms."""
        asked = {"constraint": {"grammar": constraint.grammar, "schema": constraint.schema}}
        return self._dialect.enforces(asked) is not None

    def distrust(self, enforced: Enforced) -> None:
        """No longer send constraints in this form, because an answer violates one: the server ignores it."""
        if self._dialect.enforced is enforced:
            self._dialect, difference = self._dialect.without(enforced)
            logger.warning(
                "%s ignores constraints on the answer (fields: %s): from now on %s.",
                self._transport.name,
                ", ".join(ENFORCING[enforced]),
                difference,
            )

    async def _answered(
        self, asked: dict[str, Any], is_usable: Callable[[Completion], bool], conversation: str
    ) -> Completion:
        if self._cache is None:
            return await self._called(asked, conversation)
        # Concurrent identical requests are paid for only once.
        lock = self._asking.setdefault(json.dumps(asked, sort_keys=True), asyncio.Lock())
        async with lock:
            found = self._cache.find(asked)
            if found is not None and found.is_whole and is_usable(found):
                return found
            completion = await self._called(asked, conversation)
            if completion.is_whole and is_usable(completion):
                self._cache.keep(asked, completion)
            return completion

    async def _called(self, asked: dict[str, Any], conversation: str) -> Completion:
        prompt_bytes = len(json.dumps(asked, ensure_ascii=False).encode("utf-8"))
        async with self._under_way, self._spending.call(prompt_bytes, asked["max_tokens"]) as bill:
            answer: Answer
            enforced: Enforced | None
            try:
                answer, enforced = await self._retrying()(self._understood, asked, conversation)
            except Filtered:
                answer, enforced = Answer("", Finish.CONTENT_FILTER, None, None, 0), None
            except Transient as failure:
                raise ModelUnavailable(self._gave_up(failure)) from None
            bill.answered = True
            bill.dollars = self._cost(answer)
        return Completion(
            text=answer.text,
            finish=answer.finish,
            prompt_tokens=answer.prompt_tokens or 0,
            completion_tokens=answer.completion_tokens or 0,
            dollars=bill.dollars,
            cached=False,
            thought=answer.thought,
            calls=answer.calls,
            own_temperature=asked["temperature"] is not None and "temperature" in self._dialect.left_out,
            enforced=enforced,
        )

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            stop=stop_after_attempt(self.parameters.retries + 1),
            retry=retry_if_exception(_may_pass),
            wait=_wait,
            before_sleep=self._log_wait,
            reraise=True,
        )

    async def _understood(self, asked: dict[str, Any], conversation: str) -> tuple[Answer, Enforced | None]:
        """The answer to one try, which is repeated at once when the server requires another form of request.

        With it, the form in which the request's constraint was sent, if it was.
        """
        while True:
            dialect = self._dialect
            body, enforced = body_of(asked, dialect), dialect.enforces(asked)
            try:
                return await self._transport.ask(body, conversation), enforced
            except Malformed as error:
                malformed = error
            if self._dialect != dialect:
                continue  # Another call has changed it meanwhile.
            learnt = dialect.learn(malformed.complaint, body, enforced)
            if learnt is None and enforced is not None:
                self._log_constraint_missed(malformed)
                asked = {**asked, "constraint": None}
                continue
            if learnt is None:
                raise self._transport.misunderstood(malformed)
            self._dialect, difference = learnt
            logger.warning(
                "%s rejects a field (%s): from now on %s.", self._transport.name, malformed.complaint.text, difference
            )

    def _cost(self, answer: Answer) -> float | None:
        if self._price is None:
            if not self._price_missed:
                self._price_missed = True
                logger.warning(
                    "The cost of '%s' is unknown: conf/base/prices.yml has no price for it.", self.parameters.model
                )
            return None
        if answer.prompt_tokens is None or answer.completion_tokens is None:
            return None
        return self._price.of(answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens)

    def _log_constraint_missed(self, malformed: Malformed) -> None:
        if not self._constraint_missed:
            self._constraint_missed = True
            logger.warning(
                "%s rejects the constraint of a request (%s): this answer is free (reported once).",
                self._transport.name,
                malformed.complaint.text,
            )

    def _log_wait(self, state: RetryCallState) -> None:
        wait = state.upcoming_sleep
        log = logger.warning if wait >= _LONG else logger.debug
        log("%s: %s; next try in %.0f s", self._transport.name, _failure_of(state), wait)

    def _gave_up(self, failure: Transient) -> str:
        gone = f"{self._transport.name} gives no answer of the model '{self.parameters.model}': {failure}"
        if not _may_pass(failure):
            return f"{gone}, and it asks to wait {failure.wait:.0f} s. Run the same command again after that."
        return (
            f"{gone} ({self.parameters.retries + 1} tries). See that the server runs and is not overloaded (lower "
            "`concurrency`, raise `timeout` or `retries`), then run the same command again: earlier answers are kept."
        )


def _may_pass(failure: BaseException) -> bool:
    return isinstance(failure, Transient) and (failure.wait or 0.0) <= LONGEST_WAIT_ASKED_FOR


def _wait(state: RetryCallState) -> float:
    """Exponential backoff with full jitter; if the server requests a wait, at least a little longer than that."""
    backoff = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)(state)
    failure = _failure_of(state)
    asked_for = (failure.wait or 0.0) if isinstance(failure, Transient) else 0.0
    return max(backoff, asked_for * random.uniform(1.0, 1.25))


def _failure_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
