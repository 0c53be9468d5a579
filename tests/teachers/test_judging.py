"""Every check on every correction, whoever made it."""

from dataclasses import replace

import pytest

from leap_kedro.environments.protocol import Decision
from leap_kedro.records import (
    Correction,
    Episode,
    ParseStatus,
    PrivilegedState,
    Rejection,
    Step,
    StopReason,
    Task,
    Verdict,
)
from leap_kedro.teachers.briefing import Briefing, Moment
from leap_kedro.teachers.judging import LEAKS_ALLOWED, LONGEST_ACTION, LONGEST_REASON, Judge

STATE = PrivilegedState(
    task="put a mug in desk.",
    essentials=("mug 2", "drawer 3", "desk 1"),
    facts=("mug 2 is in drawer 3.", "mug 1 is in safe 1."),
    plan=("go to drawer 3", "take mug 2 from drawer 3", "go to desk 1", "put mug 2 in/on desk 1"),
)
SECRETS = ("mug 2", "drawer 3", "desk 1", "mug 1", "safe 1")
ADMISSIBLE = ("go to desk 1", "go to drawer 3", "look")
NEXT = Decision("I need a mug. Next is drawer 3.", "go to drawer 3")


def step(observation: str, action: str, accepted: bool = True) -> Step:
    return Step(observation, ADMISSIBLE, action, "I need a mug.", action, ParseStatus.OK, accepted, 0.0)


EPISODE = Episode(
    task=Task("train/0", "alfworld", "train", "put a mug in desk.", "pick", {}),
    policy="pi_0",
    iteration=1,
    seed=0,
    steps=(
        step("You see a desk 1, a drawer 3, and a safe 1.", "go to desk 1"),
        step("On the desk 1, you see nothing.", "fly", accepted=False),
        step("Nothing happens.", "look"),
    ),
    final_observation="You see a mug 2.",
    score=0.0,
    success=False,
    stop=StopReason.STEP_LIMIT,
)
BRIEFING = Briefing(EPISODE, tuple(Moment(STATE, SECRETS, ADMISSIBLE) for _ in EPISODE.steps))


def judged(advice: Decision | None, privilege: int = 50, reject_leaks: bool = True) -> Correction:
    return Judge("a teacher", privilege, reject_leaks).correction(BRIEFING, 0, advice)


def test_one_correction_a_step_and_what_is_left_out_keeps_the_students_own() -> None:
    said = Judge("a teacher", 50).corrections(BRIEFING, {0: NEXT})
    assert [correction.step for correction in said] == [0, 1, 2]
    assert said[0] == Correction(EPISODE.id, 0, Verdict.CORRECT, NEXT.reason, NEXT.action, "a teacher", 50)
    assert said[1].rejection is Rejection.NOT_EXECUTABLE
    assert (said[2].verdict, said[2].action, said[2].reason) == (Verdict.KEEP, "look", "I need a mug.")
    assert said[2].accepted


def test_a_correction_that_says_what_the_student_did_is_a_keep() -> None:
    said = judged(Decision("I have\n a mug.", " go to desk 1\n"))
    assert (said.verdict, said.reason, said.action) == (Verdict.KEEP, "I have a mug.", "go to desk 1")
    assert said.accepted


@pytest.mark.parametrize(
    ("advice", "rejection"),
    [
        (None, Rejection.NO_PLAN),
        (Decision("", "go to desk 1"), Rejection.EMPTY),
        (Decision("I need a mug.", " \n"), Rejection.EMPTY),
        (Decision("x" * (LONGEST_REASON + 1), "go to desk 1"), Rejection.TOO_LONG),
        (Decision("I need a mug.", "x" * (LONGEST_ACTION + 1)), Rejection.TOO_LONG),
        (Decision("x" * 1_000_000, "x" * 1_000_000), Rejection.TOO_LONG),
        (Decision("I need a mug.", "open drawer 3"), Rejection.NOT_EXECUTABLE),
        (Decision("I need a mug.", "GO TO DRAWER 3"), Rejection.NOT_EXECUTABLE),
        (Decision("mug 2 is in drawer 3.", "go to drawer 3"), Rejection.LEAKED),
        (Decision("mug 2 is in drawer 3.", "open drawer 3"), Rejection.NOT_EXECUTABLE),
    ],
)
def test_what_fails_a_check_is_kept_with_the_reason_why(advice: Decision | None, rejection: Rejection) -> None:
    said = judged(advice)
    assert said.rejection is rejection
    assert not said.accepted
    assert len(said.reason) <= LONGEST_REASON
    assert len(said.action) <= LONGEST_ACTION


@pytest.mark.parametrize(
    ("reason", "leaked"),
    [
        ("Next is drawer 3.", ()),
        ("mug 2 is in drawer 3.", ("mug 2",)),
        ("mug 2 is in drawer 3 and mug 1 in safe 1.", ("mug 2", "mug 1")),
    ],
)
@pytest.mark.parametrize("privilege", LEAKS_ALLOWED)
def test_the_level_says_how_many_leaks_pass_and_all_are_recorded(
    reason: str, leaked: tuple[str, ...], privilege: int
) -> None:
    said = judged(Decision(reason, "go to drawer 3"), privilege)
    allowed = LEAKS_ALLOWED[privilege]
    assert said.leaked == leaked
    assert said.accepted is (allowed is None or len(leaked) <= allowed)
    assert judged(Decision(reason, "go to drawer 3"), privilege, reject_leaks=False).accepted


def test_what_comes_later_in_the_episode_was_not_shown_yet() -> None:
    later = replace(EPISODE, steps=(*EPISODE.steps, step("You see a mug 2.", "look")))
    briefing = Briefing(later, tuple(Moment(STATE, SECRETS, ADMISSIBLE) for _ in later.steps))
    advice = Decision("I saw mug 2.", "go to drawer 3")
    said = Judge("a teacher", 50).corrections(briefing, dict.fromkeys(range(4), advice))
    assert [correction.rejection for correction in said] == [Rejection.LEAKED] * 3 + [None]


def test_where_nothing_is_listed_any_action_passes() -> None:
    briefing = Briefing(EPISODE, tuple(Moment(STATE, SECRETS, None) for _ in EPISODE.steps))
    assert Judge("a teacher", 50).correction(briefing, 0, Decision("I need a mug.", "search[mug]")).accepted
