"""Judging: all checks of the corrections of all teachers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from leap_kedro.environments.protocol import Decision
from leap_kedro.records import Correction, Rejection, Verdict
from leap_kedro.teachers.briefing import Briefing
from leap_kedro.teachers.checks import is_executable, leaked_entities, verdict_on

LEAKS_ALLOWED: Mapping[int, int | None] = {0: 0, 25: 0, 50: 0, 75: 1, 100: None}
"""Number of unseen entities that a reason may name, by privilege level; None for no limit."""

LONGEST_REASON = 1_000
"""Maximum characters of a reason; those in the paper have one or two sentences."""
LONGEST_ACTION = 1_000
"""Maximum characters of an action."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns a teacher's advice into judged corrections.

    Attributes:
        teacher: Id of the teacher.
        privilege: Its privilege level, per cent; one of `LEAKS_ALLOWED`.
        reject_leaks: Whether a reason that names too many secrets is rejected; off only to measure the effect of leaks,
            which are recorded in either case.
    """

    teacher: str
    privilege: int
    reject_leaks: bool = True

    def corrections(self, briefing: Briefing, advice: Mapping[int, Decision | None]) -> list[Correction]:
        """One correction per step.

        Args:
            briefing: The episode and its hidden facts.
            advice: The teacher's advice by step; None if it found no way to the goal. At missing steps the student's
                own reply is kept.
        """
        return [
            self.correction(briefing, step, advice[step]) if step in advice else self._kept(briefing, step)
            for step in range(len(briefing.episode.steps))
        ]

    def correction(self, briefing: Briefing, step: int, advice: Decision | None) -> Correction:
        """The correction from the advice on one step."""
        if advice is None:
            return self._judged(briefing, step, Decision("", ""), Rejection.NO_PLAN)
        rejection = _malformed(advice)
        if rejection is not None:
            short = Decision(advice.reason[:LONGEST_REASON], advice.action[:LONGEST_ACTION])
            return self._judged(briefing, step, short, rejection)
        advice = Decision(" ".join(advice.reason.split()), advice.action.strip())
        moment = briefing.moments[step]
        leaked = leaked_entities(advice.reason, moment.secrets, briefing.known(step))
        executed: bool | None = is_executable(advice.action, moment.admissible)
        if executed and moment.admissible is None and briefing.trial is not None:
            executed = briefing.trial(step, advice.action)
        if executed is False:
            rejection = Rejection.NOT_EXECUTABLE
        elif self._too_many(leaked):
            rejection = Rejection.LEAKED
        judged = self._judged(briefing, step, advice, rejection, leaked)
        return replace(judged, untried=executed is None)

    def unanswered(self, briefing: Briefing, step: int, rejection: Rejection) -> Correction:
        """The correction of a step without a usable reply of the teacher."""
        return self._judged(briefing, step, Decision("", ""), rejection)

    def _kept(self, briefing: Briefing, step: int) -> Correction:
        """The student's own reply, which contains no secrets but is rejected if the environment refused it."""
        own = briefing.episode.steps[step]
        rejection = None if own.accepted else Rejection.NOT_EXECUTABLE
        return self._judged(briefing, step, Decision(own.reason, own.action), rejection)

    def _too_many(self, leaked: tuple[str, ...]) -> bool:
        allowed = LEAKS_ALLOWED[self.privilege]
        return self.reject_leaks and allowed is not None and len(leaked) > allowed

    def _judged(
        self, briefing: Briefing, step: int, advice: Decision, rejection: Rejection | None, leaked: tuple[str, ...] = ()
    ) -> Correction:
        own = briefing.episode.steps[step].action
        return Correction(
            episode=briefing.episode.id,
            step=step,
            verdict=Verdict.CORRECT if rejection is Rejection.NO_PLAN else verdict_on(own, advice.action),
            reason=advice.reason,
            action=advice.action,
            teacher=self.teacher,
            privilege=self.privilege,
            leaked=leaked,
            rejection=rejection,
        )


def _malformed(advice: Decision) -> Rejection | None:
    if len(advice.reason) > LONGEST_REASON or len(advice.action) > LONGEST_ACTION:
        return Rejection.TOO_LONG
    if not advice.reason.strip() or not advice.action.strip():
        return Rejection.EMPTY
    return None
