"""The student as its own teacher, with scripted policies and with a small random one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, ParseStatus, PrivilegedState, Rejection, Verdict
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.teachers.self_teacher import SelfTeacher

BENCHMARK = ALFWorld(ALFWorldOptions())
TASKS = BENCHMARK.tasks("train", 6, seed=4)
EPISODES: list[Episode] = [
    made.episode for made in demonstrations(BENCHMARK, TASKS, "surfaces", max_actions=20, noise=0.3, seed=3)
]
STATE = PrivilegedState("put a mug in a desk", ("mug 2",), ("mug 2 is in drawer 3.", "drawer 3 is closed."), ("go",))


class Student:
    """A policy that answers by a function, and keeps what it was asked."""

    id = "pi_3"

    def __init__(self, answer: Callable[[Conversation], Reply]) -> None:
        self.answer = answer
        self.asked: list[Conversation] = []
        self.most = 0

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        self.asked += conversations
        self.most = max(self.most, len(conversations))
        return [self.answer(conversation) for conversation in conversations]

    def fits(self, conversation: Conversation) -> bool:
        return True


def saying(reason: str, status: ParseStatus = ParseStatus.OK) -> Callable[[Conversation], Reply]:
    def answer(conversation: Conversation) -> Reply:
        action = (conversation.admissible or ("",))[0] if status is ParseStatus.OK else ""
        return Reply(f"{reason} {action}", reason, action, status)

    return answer


@pytest.mark.parametrize(
    ("privilege", "block"),
    [
        (0, ""),
        (50, "mug 2 is in drawer 3. drawer 3 is closed."),
        (100, "mug 2 is in drawer 3. drawer 3 is closed. go."),
    ],
)
def test_the_block_tells_facts_and_at_100_the_plan(privilege: int, block: str) -> None:
    assert privileged_block(STATE, privilege) == block


def test_each_decision_is_asked_again_with_the_block_of_the_episodes_beginning() -> None:
    student = Student(saying("I go."))
    teacher = SelfTeacher(BENCHMARK, student, 50, slots=4)
    corrected = {each.episode: each for each in teacher.correct_all(EPISODES)}
    assert corrected.keys() == {episode.id for episode in EPISODES}
    assert student.most == 4
    oracle, environment = BENCHMARK.oracle(), BENCHMARK.environment()
    for episode in EPISODES:
        asked = [conversation for conversation in student.asked if conversation.key == episode.id]
        assert [conversation.turns for conversation in asked] == [
            episode.turns[:step] for step in range(len(episode.steps))
        ]
        assert [conversation.admissible for conversation in asked] == [step.admissible for step in episode.steps]
        environment.reset(episode.task)
        assert {conversation.privileged for conversation in asked} == {privileged_block(oracle.state(environment), 50)}
        for step, correction in zip(episode.steps, corrected[episode.id].corrections, strict=True):
            assert (correction.teacher, correction.privilege) == ("self-50-pi_3", 50)
            assert correction.action == (step.admissible or ())[0]
            assert correction.accepted
            assert (correction.verdict is Verdict.KEEP) == (correction.action == step.action)


def test_without_privilege_nothing_is_told() -> None:
    student = Student(saying("I go."))
    list(SelfTeacher(BENCHMARK, student, 0).correct_all(EPISODES))
    assert {conversation.privileged for conversation in student.asked} == {""}


def test_a_secret_in_a_reason_is_rejected() -> None:
    student = Student(lambda asked: saying(asked.privileged.partition(" is in ")[0])(asked))
    (first, *_) = SelfTeacher(BENCHMARK, student, 50).correct_all(EPISODES[:1])
    assert first.corrections[0].rejection is Rejection.LEAKED
    assert first.corrections[0].leaked == (student.asked[0].privileged.partition(" is in ")[0],)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (saying("On and on and on", ParseStatus.TRUNCATED), Rejection.TRUNCATED),
        (saying("no", ParseStatus.NO_ACTION), Rejection.UNREADABLE),
        (lambda _: Reply("", "", "", ParseStatus.NO_ACTION, error="it does not fit"), Rejection.EMPTY),
    ],
)
def test_a_reply_without_an_action_is_recorded_and_not_used(
    answer: Callable[[Conversation], Reply], fault: Rejection
) -> None:
    (corrected,) = SelfTeacher(BENCHMARK, Student(answer), 50).correct_all(EPISODES[:1])
    assert not any(correction.accepted for correction in corrected.corrections)
    assert {each.rejection for each in corrected.faults} == {fault}
    assert [each.step for each in corrected.faults] == list(range(len(EPISODES[0].steps)))


def test_a_local_student_is_held_to_the_listed_actions_and_says_the_same_again(tiny_base: Path) -> None:
    spec = LocalPolicySpec(tiny_base, "pi_0", max_new_tokens=24, hold_to_admissible=True, slots=3)
    said = [
        sorted(SelfTeacher(BENCHMARK, spec.load(), 50, slots=3).correct_all(episodes), key=lambda each: each.episode)
        for episodes in (EPISODES, EPISODES[::-1])
    ]
    assert said[0] == said[1]
    used = [correction for each in said[0] for correction in each.corrections if correction.accepted]
    assert all(
        correction.action in (episode.steps[correction.step].admissible or ())
        for correction in used
        for episode in EPISODES
        if episode.id == correction.episode
    )
