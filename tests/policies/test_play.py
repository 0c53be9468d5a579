"""The rollout driver."""

import pytest
from toys import NAME, ROOMS, toy_model, toy_task, toy_tokenizer, walk

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.policies.decoding import Decoding
from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.local import LocalPolicy
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import Policy, Reply
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.scripted import RandomPolicy, ScriptedPolicy
from leap_kedro.prompts.conversation import Conversation, conversation_at
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.records import Episode, ParseStatus, StopReason, Task, Turn
from leap_kedro.records.seeds import episode_seed

SPEC = EnvironmentSpec(NAME, {})


def played(tasks: list[Task], policy: Policy, **settings: int | None) -> list[Episode]:
    episodes = list(play(tasks, SPEC, policy, PlaySettings(**{"max_actions": 10, **settings})))
    return sorted(episodes, key=lambda episode: episode.task.id)


def test_a_solved_episode_is_recorded_step_by_step() -> None:
    (episode,) = played([toy_task(1, goal=2)], ScriptedPolicy(walk, "walker"), iteration=4, seed=9)
    assert (episode.stop, episode.success, episode.score, episode.error) == (StopReason.SOLVED, True, 1.0, "")
    assert (episode.policy, episode.iteration, episode.seed) == ("walker", 4, episode_seed(9, "task 1"))
    assert episode.turns == (Turn("go to room 1", "you are in room 1."), Turn("go to room 2", "you are in room 2."))
    first = episode.steps[0]
    assert first.observation == "you are in the box."
    assert first.admissible == tuple(f"go to {room}" for room in ROOMS)
    assert (first.reason, first.accepted, first.score) == ("I need the next one.", True, 0.5)


def test_the_policy_is_asked_what_the_record_says() -> None:
    asked: list[Conversation] = []

    def script(conversation: Conversation) -> str:
        asked.append(conversation)
        return walk(conversation)

    (episode,) = played([toy_task(1, goal=4)], ScriptedPolicy(script))
    assert asked == [conversation_at(episode, step) for step in range(4)]


def test_a_slot_is_refilled_at_once() -> None:
    sizes: list[int] = []

    class Counting(ScriptedPolicy):
        def reply(self, conversations: list[Conversation]) -> list[Reply]:
            sizes.append(len(conversations))
            return super().reply(conversations)

    tasks = [toy_task(number, goal=1 + number % 3) for number in range(9)]
    episodes = played(tasks, Counting(walk), slots=3)
    assert [episode.task for episode in episodes] == tasks
    assert (sizes[:5], sum(sizes)) == ([3] * 5, 18)


def test_tasks_are_drawn_only_when_a_slot_is_free() -> None:
    drawn = 0

    def tasks() -> object:
        nonlocal drawn
        for number in range(20):
            drawn += 1
            yield toy_task(number, goal=2)

    episodes = play(tasks(), SPEC, ScriptedPolicy(walk), PlaySettings(max_actions=10, slots=4))
    next(episodes)
    assert drawn == 4


@pytest.mark.parametrize(
    ("reply", "settings", "stop", "steps"),
    [
        ("ACTION: go to room 5", {}, StopReason.STEP_LIMIT, 10),
        ("ACTION: fly away", {}, StopReason.REFUSED_ACTIONS, 3),
        ("ACTION: fly away", {"refused_limit": 5}, StopReason.REFUSED_ACTIONS, 5),
        ("ACTION: fly away", {"refused_limit": None}, StopReason.STEP_LIMIT, 10),
        ("what now?", {}, StopReason.REFUSED_ACTIONS, 3),
    ],
)
def test_limits(reply: str, settings: dict[str, int | None], stop: StopReason, steps: int) -> None:
    (episode,) = played([toy_task(1)], ScriptedPolicy(lambda _: reply), **settings)
    assert (episode.stop, len(episode.steps), episode.success) == (stop, steps, False)


def test_a_reply_without_an_action_never_reaches_the_environment() -> None:
    (episode,) = played([toy_task(1, crash_at=0)], ScriptedPolicy(lambda _: "REASON: hm"), refused_limit=1)
    step = episode.steps[0]
    assert (step.action, step.accepted, step.parse_status) == ("", False, ParseStatus.NO_ACTION)
    assert episode.final_observation == "Nothing happens."


def test_what_breaks_in_an_environment_ends_its_episode_alone() -> None:
    tasks = [toy_task(1, broken=True), toy_task(2, crash_at=1), toy_task(3)]
    reset, step, whole = played(tasks, ScriptedPolicy(walk))
    assert (reset.stop, reset.steps, reset.error) == (
        StopReason.ENVIRONMENT_ERROR,
        (),
        "EnvironmentFailure: the house has burnt down",
    )
    assert (step.stop, len(step.steps)) == (StopReason.ENVIRONMENT_ERROR, 1)
    failed = "EnvironmentFailure: Environment 'toy_rooms', task 'task 2': step raised RuntimeError: the floor gave way"
    assert step.error.startswith(f"{failed} (toys.py, line ")
    assert whole.success


def test_a_policy_that_fails_ends_the_episode_as_infrastructure() -> None:
    def script(conversation: Conversation) -> str:
        if "task 1" in conversation.key and conversation.turns:
            raise TimeoutError("no answer")
        return walk(conversation)

    broken, whole = played([toy_task(1), toy_task(2)], ScriptedPolicy(script))
    assert (broken.stop, len(broken.steps), broken.error) == (StopReason.POLICY_ERROR, 1, "TimeoutError: no answer")
    assert whole.success


def test_a_policy_that_raises_is_recorded() -> None:
    class Raising(ScriptedPolicy):
        def reply(self, conversations: list[Conversation]) -> list[Reply]:
            raise MemoryError("no room")

    episodes = played([toy_task(1), toy_task(2)], Raising(walk))
    assert [(episode.stop, episode.error) for episode in episodes] == [
        (StopReason.POLICY_ERROR, "MemoryError: no room")
    ] * 2


def test_a_conversation_that_outgrows_the_context_ends_by_the_token_limit() -> None:
    renderer = EmbeddedRenderer(toy_tokenizer())
    engine = SlotEngine(toy_model(max_position_embeddings=64), renderer, Decoding(8), slots=2)
    policy = LocalPolicy("tiny", renderer, engine, max_new_tokens=8)
    (episode,) = played([toy_task(1)], policy, max_actions=50, refused_limit=None)
    assert episode.stop is StopReason.TOKEN_LIMIT
    assert 0 < len(episode.steps) < 50


def test_random_play_is_reproducible_and_takes_listed_actions() -> None:
    tasks = [toy_task(number, goal=2) for number in range(6)]
    once = played(tasks, RandomPolicy(), slots=6, max_actions=40)
    assert once == played(tasks, RandomPolicy(), slots=2, max_actions=40)
    assert once != played(tasks, RandomPolicy(), slots=2, max_actions=40, seed=1)
    assert all(step.accepted for episode in once for step in episode.steps)
    assert len({step.action for episode in once for step in episode.steps}) == len(ROOMS)
