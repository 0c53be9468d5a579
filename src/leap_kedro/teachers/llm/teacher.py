"""A language model as teacher: it sees an episode and its privileged states, and its replies are not trusted.

Each reply is recorded as corrections, which are checked like those of any teacher, and as faults of the reply itself.
If it may help, the model is asked a second time with a list of faults. A server failure or a spent budget stops the
teacher; unfinished episodes are still completed, and the others remain pending.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from leap_kedro.environments.protocol import Benchmark
from leap_kedro.language_models import (
    Completion,
    LanguageModel,
    LanguageModelError,
    Message,
    Request,
    RequestRejected,
    as_completed,
)
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Fault, Rejection
from leap_kedro.teachers.briefing import Briefing, brief
from leap_kedro.teachers.judging import LONGEST_REASON, Judge
from leap_kedro.teachers.llm.calls import EpisodeCalls
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View
from leap_kedro.teachers.llm.replies import EPISODE_SCHEMA, STEP_SCHEMA, Reading, read_episode, read_step
from leap_kedro.teachers.llm.tally import Tally
from leap_kedro.teachers.protocol import TeacherStopped

_HELPED = frozenset(
    {
        Rejection.UNREADABLE,
        Rejection.EMPTY,
        Rejection.TOO_LONG,
        Rejection.UNKNOWN_STEP,
        Rejection.NOT_EXECUTABLE,
        Rejection.LEAKED,
    }
)
"""Faults that a second reply may correct."""

LONGEST_REFUSAL = 500
"""Maximum characters of a server's message about a rejected request."""
_QUOTED = 200  # maximum characters of a quoted action


@dataclass(frozen=True, slots=True)
class _Opinion:
    """The judged corrections of the steps of a call, and whether a reply was usable."""

    corrections: Mapping[int, Correction]
    usable: bool

    def updated(self, corrections: Mapping[int, Correction], usable: bool) -> "_Opinion":
        """Adds a later reply: accepted corrections are kept, the others are replaced."""
        accepted = {step: correction for step, correction in self.corrections.items() if correction.accepted}
        return _Opinion({**self.corrections, **corrections, **accepted}, self.usable or usable)


class LLMTeacher:
    """A `Teacher` behind an OpenAI-compatible server.

    Args:
        benchmark: The benchmark of the episodes.
        model: The language model.
        prompts: Prompts of the same view and level.
        privilege: Privilege level, per cent.
        view: The part of an episode that it sees in one call.
        reject_leaks: Whether a reason that names too many secrets is rejected.
        max_unusable_share: Maximum share of unusable replies, once there are `LEAST_JUDGED`.
        recorded_episodes: Number of episodes whose calls are recorded in full.
        earlier: Its earlier corrections in this stage.
        kind: First part of its id: ``self`` if the server serves the student.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        model: LanguageModel,
        prompts: TeacherPrompts,
        privilege: int = 50,
        *,
        view: View = View.EPISODE,
        reject_leaks: bool = True,
        max_unusable_share: float = 0.5,
        recorded_episodes: int = 0,
        earlier: Iterable[CorrectedEpisode] = (),
        kind: str = "llm",
    ) -> None:
        self.id = f"{kind}-{privilege}-{model.parameters.model}" + ("-causal" if view is View.CAUSAL else "")
        self.privilege = privilege
        self._benchmark = benchmark
        self._oracle = benchmark.oracle()
        self._model = model
        self._prompts = prompts
        self._view = view
        self._judge = Judge(self.id, privilege, reject_leaks)
        self._tally = Tally(model.parameters.model, view, max_unusable_share)
        self._to_record = recorded_episodes
        for corrected in earlier:
            self._tally.count(corrected)
            self._to_record -= bool(corrected.exchanges)

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """Corrected episodes as they end, several at once; see `Teacher`.

        Episodes without a usable reply come last. If the teacher stops because there are too many, they remain pending
        and are corrected after prompts or model have been fixed.
        """
        stopped: list[TeacherStopped] = []
        useless: list[CorrectedEpisode] = []

        async def corrected(episode: Episode) -> CorrectedEpisode | None:
            try:
                return await self._correct(episode)
            except LanguageModelError as error:
                # Not raised here, so that unfinished calls, which are paid for, can complete.
                stopped.append(_stopped(error))
                return None

        pending = takewhile(lambda _: not stopped, episodes)
        for said in as_completed(corrected, pending, self._model.parameters.concurrency):
            if said is None:
                continue
            self._tally.count(said)
            if self._tally.stops:
                stopped.append(TeacherStopped(self._tally.message()))
            if said.faults and not said.corrections:
                useless.append(said)
            else:
                yield said
        if not stopped and self._tally.none_usable:
            stopped.append(TeacherStopped(self._tally.message()))
        if stopped:
            raise stopped[0]
        yield from useless

    async def _correct(self, episode: Episode) -> CorrectedEpisode:
        if not episode.steps:
            return CorrectedEpisode(episode.id, ())
        self._to_record -= 1
        calls = EpisodeCalls(recorded=self._to_record >= 0)
        briefing = brief(self._benchmark, self._oracle, episode)
        correct = self._whole if self._view is View.EPISODE else self._step_by_step
        corrections = tuple(await correct(briefing, calls))
        hidden = briefing.moments[0].state
        return CorrectedEpisode(
            episode.id, corrections, tuple(calls.faults), calls.usage, tuple(calls.exchanges), hidden
        )

    async def _whole(self, briefing: Briefing, calls: EpisodeCalls) -> list[Correction]:
        kept = self._judge.corrections(briefing, {})
        steps = range(len(kept))

        def read(completion: Completion, attempt: int) -> Reading:
            return read_episode(completion, steps, attempt)

        opinion = await self._opinion(briefing, kept, calls, self._prompts.episode(briefing), read)
        return [opinion.corrections.get(step, kept[step]) for step in steps] if opinion.usable else []

    async def _step_by_step(self, briefing: Briefing, calls: EpisodeCalls) -> list[Correction]:
        kept = self._judge.corrections(briefing, {})
        corrections = []
        usable = False
        for step in range(len(kept)):
            opinion = await self._opinion(
                briefing, kept, calls, self._prompts.step(briefing, step), partial(read_step, step=step), step
            )
            usable |= opinion.usable
            unanswered = None if opinion.usable else calls.faults[-1].rejection
            corrections.append(
                self._judge.unanswered(briefing, step, unanswered) if unanswered else opinion.corrections[step]
            )
        return corrections if usable else []

    async def _opinion(
        self,
        briefing: Briefing,
        kept: Sequence[Correction],
        calls: EpisodeCalls,
        prompt: tuple[Message, ...],
        read: Callable[[Completion, int], Reading],
        step: int | None = None,
    ) -> _Opinion:
        """Ask once, or twice if that may correct the reply.

        Args:
            briefing: The episode and its privileged states.
            kept: The correction of each step if the student's own reply is kept.
            calls: Record of the calls.
            prompt: The prompt.
            read: Parses a completion, given the number of the attempt.
            step: The step of the prompt; None for all.
        """
        opinion = _Opinion({}, usable=False)
        messages = prompt
        for attempt in (0, 1):
            request = Request(messages, EPISODE_SCHEMA if step is None else STEP_SCHEMA)
            try:
                completion = await self._model.complete(request, lambda found: read(found, 0).usable)
            except RequestRejected as error:
                calls.faults.append(Fault(Rejection.NOT_TAKEN, str(error)[:LONGEST_REFUSAL], attempt, step))
                break
            calls.add(messages, completion, attempt, step)
            reading = read(completion, attempt)
            calls.faults += reading.faults
            said = {
                number: kept[number] if advice is None else self._judge.correction(briefing, number, advice)
                for number, advice in reading.advice.items()
            }
            opinion = opinion.updated(said, reading.usable)
            wrong = [fault.detail for fault in reading.faults if fault.rejection in _HELPED]
            wrong += [_what_is_wrong(correction) for correction in said.values() if correction.rejection in _HELPED]
            if not wrong:
                break
            messages = self._prompts.again(prompt, completion.answer, wrong)
        return opinion


def _stopped(error: LanguageModelError) -> TeacherStopped:
    stopped = TeacherStopped(f"The teacher cannot continue; its corrections so far are kept. {error}")
    stopped.__cause__ = error
    return stopped


def _what_is_wrong(correction: Correction) -> str:
    """Why a correction is rejected, for the model."""
    match correction.rejection:
        case Rejection.NOT_EXECUTABLE:
            what = f"{json.dumps(correction.action[:_QUOTED])} is not among the admissible actions of that step"
        case Rejection.LEAKED:
            named = ", ".join(correction.leaked)
            what = f"the reason names what no observation had shown to the agent by then ({named})"
        case Rejection.TOO_LONG:
            what = f"reason or action is longer than {LONGEST_REASON} characters"
        case _:
            what = "reason or action is empty"
    return f"step {correction.step + 1}: {what}"
