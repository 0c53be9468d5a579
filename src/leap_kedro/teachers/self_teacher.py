"""The student as its own teacher: the same weights, given the privileged state, correct the student's episodes.

The student plays without the privileged block and corrects with it, and its advice is checked like that of other
teachers. The block describes the beginning of the episode, so the trunk of a decision is a prefix of the next one and
stays in the key-value cache, as in a rollout. Decoding is greedy, for many episodes at once.

Not covered: asking again after a leak, because the same weights give the same answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from leap_kedro.environments.protocol import Benchmark, Decision
from leap_kedro.policies.protocol import Policy, Reply
from leap_kedro.policies.slot_loop import in_slots
from leap_kedro.prompts.conversation import Conversation, conversation_at
from leap_kedro.records import CorrectedEpisode, Episode, Fault, ParseStatus, Rejection
from leap_kedro.teachers.briefing import Briefing, brief
from leap_kedro.teachers.judging import Judge
from leap_kedro.teachers.privileged_block import privileged_block

_LONGEST_DETAIL = 200
_UNUSABLE = {
    ParseStatus.NO_ACTION: Rejection.UNREADABLE,
    ParseStatus.TRUNCATED: Rejection.TRUNCATED,
    ParseStatus.EMPTY: Rejection.EMPTY,
    ParseStatus.ONLY_THOUGHTS: Rejection.EMPTY,
    ParseStatus.REFUSED: Rejection.REFUSED,
}


class SelfTeacher:
    """A `Teacher` that is the student itself.

    Args:
        benchmark: The benchmark of the episodes.
        policy: The student, decoding greedily.
        privilege: Privilege level, per cent, of the block and for the checks of reasons.
        reject_leaks: Whether a reason that names too many secrets is rejected; off only to measure the effect of leaks.
        slots: Number of episodes corrected at once.
    """

    def __init__(
        self, benchmark: Benchmark, policy: Policy, privilege: int, *, reject_leaks: bool = True, slots: int = 32
    ) -> None:
        self.id = f"self-{privilege}-{policy.id}"
        self.privilege = privilege
        self._benchmark = benchmark
        self._oracle = benchmark.oracle()
        self._policy = policy
        self._judge = Judge(self.id, privilege, reject_leaks)
        self._slots = slots

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """See `Teacher`."""

        def begin(episode: Episode) -> _Lesson:
            return _Lesson(brief(self._benchmark, self._oracle, episode), self.privilege)

        for lesson in in_slots(episodes, begin, self._advance, self._slots):
            yield lesson.corrected(self._judge)

    def _advance(self, lessons: "list[_Lesson]") -> None:
        replies = self._policy.reply([lesson.conversation() for lesson in lessons])
        for lesson, reply in zip(lessons, replies, strict=True):
            lesson.take(reply)


class _Lesson:
    """An episode that the informed student goes through again."""

    def __init__(self, briefing: Briefing, privilege: int) -> None:
        self._briefing = briefing
        self._block = privileged_block(briefing.moments[0].state, privilege) if briefing.moments else ""
        self._advice: dict[int, Decision | None] = {}
        self._faults: list[Fault] = []

    @property
    def ended(self) -> bool:
        return len(self._advice) == len(self._briefing.moments)

    def conversation(self) -> Conversation:
        """The conversation at the next step, with the privileged block."""
        step = len(self._advice)
        asked = conversation_at(self._briefing.episode, step)
        return replace(asked, admissible=self._briefing.moments[step].admissible, privileged=self._block)

    def take(self, reply: Reply) -> None:
        """Record its reply at that step."""
        step = len(self._advice)
        fault = Rejection.EMPTY if reply.error else _UNUSABLE.get(reply.status)
        if fault is not None:
            self._faults.append(Fault(fault, (reply.error or reply.text)[:_LONGEST_DETAIL], step=step))
        self._advice[step] = Decision(reply.reason, reply.action)

    def corrected(self, judge: Judge) -> CorrectedEpisode:
        """The judged corrections."""
        corrections = judge.corrections(self._briefing, self._advice)
        hidden = self._briefing.moments[0].state if self._briefing.moments else None
        return CorrectedEpisode(self._briefing.episode.id, tuple(corrections), tuple(self._faults), hidden=hidden)
