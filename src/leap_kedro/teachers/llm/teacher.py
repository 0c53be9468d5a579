"""A language model as teacher: it is shown an episode and what was hidden in it, and its replies are doubted.

Each reply ends in records: corrections that the judge checked like anybody's, and faults for what was wrong with the
reply itself. Where that can help, the model is asked once more, with what was wrong. A server that fails or a budget
that is spent stops the teacher; the episodes that were under way are still finished, the others stay owed.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

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
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Exchange, Fault, Rejection, Usage
from leap_kedro.teachers.briefing import Briefing, brief
from leap_kedro.teachers.judging import LONGEST_REASON, Judge
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View
from leap_kedro.teachers.llm.replies import (
    EPISODE_SCHEMA,
    STEP_SCHEMA,
    Reading,
    read_episode,
    read_step,
)
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
"""What asking again can mend."""

LONGEST_REFUSAL = 500
"""Characters kept of a message that a server does not take the question."""
_QUOTED = 200  # characters of a wrong action that are shown again


@dataclass(slots=True)
class _Talk:
    """The calls about one episode."""

    recorded: bool
    usage: Usage = field(default_factory=lambda: Usage(dollars=0.0))
    exchanges: list[Exchange] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What the model says about the steps that a call was about.

    Attributes:
        corrections: By step, judged; the student's own reply stands at steps that were not mentioned.
        usable: Whether a reply could be used.
    """

    corrections: Mapping[int, Correction]
    usable: bool

    def mended(self, corrections: Mapping[int, Correction], usable: bool) -> "_Opinion":
        """With a later answer: what was accepted before stands, of the rest the later answer counts."""
        stands = {step: correction for step, correction in self.corrections.items() if correction.accepted}
        return _Opinion({**self.corrections, **corrections, **stands}, self.usable or usable)


class LLMTeacher:
    """A `Teacher` behind an OpenAI-compatible server.

    Attributes:
        id: Name of the teacher: kind, level, model, and the view if it is not the whole episode.
        privilege: Privilege level, per cent.
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
        """A teacher on a benchmark.

        Args:
            benchmark: Where the episodes were played.
            model: Who answers.
            prompts: Prompts of the same view and level.
            privilege: Privilege level, per cent.
            view: What of an episode it sees in one call.
            reject_leaks: Whether a reason that names too much of the secret is rejected.
            max_unusable_share: Share of replies that may be unusable, once there are `LEAST_JUDGED`.
            recorded_episodes: Episodes whose calls are recorded in full.
            earlier: What it said before, of other episodes of the stage.
            kind: First part of its id: ``self`` where the server serves the student.
        """
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
        """Corrected episodes as they end, several under way at once; see `Teacher.correct_all`.

        Those that no reply could be used for come last: where they are so many that the teacher stops, they stay owed,
        and are asked about again once prompts or model are mended.
        """
        stopped: list[TeacherStopped] = []
        useless: list[CorrectedEpisode] = []

        def while_it_goes_on() -> Iterator[Episode]:
            for episode in episodes:
                if stopped:
                    return
                yield episode

        async def corrected(episode: Episode) -> CorrectedEpisode | None:
            try:
                return await self._correct(episode)
            except LanguageModelError as error:
                # Not raised here: the calls under way, which are paid for, come to their end.
                stopped.append(_stopped(error))
                return None

        for said in as_completed(corrected, while_it_goes_on(), self._model.parameters.concurrency):
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
        talk = _Talk(recorded=self._to_record >= 0)
        briefing = brief(self._benchmark, self._oracle, episode)
        if self._view is View.EPISODE:
            corrections = await self._whole(briefing, talk)
        else:
            corrections = await self._step_by_step(briefing, talk)
        return CorrectedEpisode(
            episode.id,
            tuple(corrections),
            tuple(talk.faults),
            talk.usage,
            tuple(talk.exchanges),
            briefing.moments[0].state,
        )

    async def _whole(self, briefing: Briefing, talk: _Talk) -> list[Correction]:
        kept = self._judge.corrections(briefing, {})
        steps = range(len(kept))
        opinion = await self._opinion(
            briefing,
            kept,
            talk,
            self._prompts.episode(briefing),
            lambda completion, attempt: read_episode(completion, steps, attempt),
        )
        return [opinion.corrections.get(step, kept[step]) for step in steps] if opinion.usable else []

    async def _step_by_step(self, briefing: Briefing, talk: _Talk) -> list[Correction]:
        kept = self._judge.corrections(briefing, {})
        corrections = []
        usable = False
        for step in range(len(kept)):
            opinion = await self._opinion(
                briefing, kept, talk, self._prompts.step(briefing, step), partial(read_step, step=step), step
            )
            usable |= opinion.usable
            unanswered = None if opinion.usable else talk.faults[-1].rejection
            corrections.append(
                self._judge.unanswered(briefing, step, unanswered) if unanswered else opinion.corrections[step]
            )
        return corrections if usable else []

    async def _opinion(
        self,
        briefing: Briefing,
        kept: Sequence[Correction],
        talk: _Talk,
        prompt: tuple[Message, ...],
        read: Callable[[Completion, int], Reading],
        step: int | None = None,
    ) -> _Opinion:
        """Ask, and ask once more where that can mend what was wrong.

        Args:
            briefing: The episode and what was hidden in it.
            kept: What is recorded of each step where the student's own reply stands.
            talk: What is noted down.
            prompt: The question.
            read: How its answer is read: completion, attempt -> reading.
            step: The step that it is about; None: all.
        """
        opinion = _Opinion({}, usable=False)
        messages = prompt
        for attempt in (0, 1):
            try:
                completion = await self._asked(messages, talk, step, attempt, read)
            except RequestRejected as error:
                talk.faults.append(Fault(Rejection.NOT_TAKEN, str(error)[:LONGEST_REFUSAL], attempt, step))
                break
            reading = read(completion, attempt)
            talk.faults += reading.faults
            said = {
                number: kept[number] if advice is None else self._judge.correction(briefing, number, advice)
                for number, advice in reading.advice.items()
            }
            opinion = opinion.mended(said, reading.usable)
            wrong = [fault.detail for fault in reading.faults if fault.rejection in _HELPED]
            wrong += [_what_is_wrong(correction) for correction in said.values() if correction.rejection in _HELPED]
            if not wrong:
                break
            messages = self._prompts.again(prompt, completion.answer, wrong)
        return opinion

    async def _asked(
        self,
        messages: tuple[Message, ...],
        talk: _Talk,
        step: int | None,
        attempt: int,
        read: Callable[[Completion, int], Reading],
    ) -> Completion:
        schema = EPISODE_SCHEMA if step is None else STEP_SCHEMA
        completion = await self._model.complete(Request(messages, schema), lambda found: read(found, attempt).usable)
        talk.usage = _with(talk.usage, completion)
        if talk.recorded:
            talk.exchanges.append(
                Exchange(
                    prompt=tuple((message.role.value, message.content) for message in messages),
                    reply=completion.text,
                    finish=completion.finish.value,
                    attempt=attempt,
                    step=step,
                    cached=completion.cached,
                    prompt_tokens=completion.prompt_tokens,
                    reply_tokens=completion.completion_tokens,
                )
            )
        return completion


def _stopped(error: LanguageModelError) -> TeacherStopped:
    stopped = TeacherStopped(f"The teacher cannot go on; what it has said is kept. {error}")
    stopped.__cause__ = error
    return stopped


def _with(usage: Usage, completion: Completion) -> Usage:
    if completion.cached:
        return replace(usage, cached=usage.cached + 1)
    known = usage.dollars is not None and completion.dollars is not None
    return Usage(
        calls=usage.calls + 1,
        cached=usage.cached,
        prompt_tokens=usage.prompt_tokens + completion.prompt_tokens,
        reply_tokens=usage.reply_tokens + completion.completion_tokens,
        dollars=(usage.dollars or 0.0) + (completion.dollars or 0.0) if known else None,
    )


def _what_is_wrong(correction: Correction) -> str:
    """Why a correction is rejected, in words for the model."""
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
