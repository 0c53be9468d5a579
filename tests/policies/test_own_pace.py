"""Episodes whose replies arrive one by one: over real HTTP, and from a policy in this process."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from toys import NAME, ROOMS, toy_task, walk

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters
from leap_kedro.policies import protocol
from leap_kedro.policies.openai_policy import OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import PolicyStopped, ServedPolicy
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.scripted import ScriptedPolicy
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, StopReason, Task

SPEC = EnvironmentSpec(NAME, {})
LONGEST_HOLD = 6000  # looks, of 10 ms each


def played(tasks: Iterator[Task], server: FakeServer, slots: int) -> Iterator[Episode]:
    model = ModelParameters(base_url=server.base_url, model="fake", retries=0)
    policy = OpenAIPolicySpec("openai:fake", model, Access(), BudgetParameters()).load()
    return play(tasks, SPEC, policy, PlaySettings(max_actions=8, slots=slots))


def walker(call: Call) -> Reply:
    turns = sum(message["role"] == "assistant" for message in call.body["messages"])
    return says(f"REASON: I need the next one.\nACTION: go to {ROOMS[turns]}")


def test_a_slow_answer_delays_no_other_episode() -> None:
    ended: list[Episode] = []
    ended_meanwhile: list[int] = []

    async def script(call: Call) -> Reply:
        if call.number == 0:
            for _ in range(LONGEST_HOLD):
                if len(ended) == 5:
                    break
                await asyncio.sleep(0.01)
            ended_meanwhile.append(len(ended))
        return walker(call)

    with FakeServer(script) as server:
        for episode in played((toy_task(number, goal=1 + number % 3) for number in range(6)), server, slots=2):
            ended.append(episode)
    assert ended_meanwhile == [5]
    assert [episode.stop for episode in ended] == [StopReason.SOLVED] * 6
    assert server.most_at_once == 2


def test_where_the_server_is_gone_no_episode_under_way_ends() -> None:
    gone = False
    drawn: list[int] = []

    async def script(call: Call) -> Reply:
        await asyncio.sleep(0.02)
        return fails(500, "out of memory") if gone else walker(call)

    def tasks() -> Iterator[Task]:
        for number in range(6):
            drawn.append(number)
            yield toy_task(number, goal=8 if number else 1)

    with FakeServer(script) as server:
        episodes = played(tasks(), server, slots=3)
        assert next(episodes).stop is StopReason.SOLVED
        gone = True
        with pytest.raises(PolicyStopped, match=r"gives no answer.*out of memory"):
            next(episodes)
        assert (drawn, list(episodes)) == ([0, 1, 2, 3], [])


@dataclass
class Served(ServedPolicy):
    """Answers as `walk` does; some tasks are answered never, or by an exception."""

    silent: tuple[str, ...] = ()
    error: Exception | None = None
    id: str = "walker"
    cancelled: list[str] = field(default_factory=list)

    async def answer(self, conversation: Conversation) -> protocol.Reply:
        if any(task in conversation.key for task in self.silent):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                self.cancelled.append(conversation.key)
                raise
        if self.error and "task 0" in conversation.key:
            raise self.error
        return ScriptedPolicy(walk).reply([conversation])[0]


def by_task(policy: Served | ScriptedPolicy, slots: int) -> list[Episode]:
    tasks = [toy_task(0), toy_task(1, broken=True), toy_task(2, crash_at=1), toy_task(3, goal=9), toy_task(4)]
    episodes = play(tasks, SPEC, policy, PlaySettings(max_actions=6, slots=slots))
    return sorted(episodes, key=lambda episode: episode.task.id)


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_episodes_are_those_of_a_batch_whatever_the_order(slots: int) -> None:
    assert by_task(Served(), slots) == by_task(ScriptedPolicy(walk, "walker"), slots=2)


def test_what_one_conversation_raises_ends_its_episode_alone() -> None:
    first, *others = by_task(Served(error=ValueError("no words")), slots=3)
    assert (first.stop, first.error) == (StopReason.POLICY_ERROR, "ValueError: no words")
    assert others == by_task(Served(), slots=3)[1:]


def test_a_policy_that_stops_ends_all_calls() -> None:
    policy = Served(silent=("task 1", "task 2"), error=PolicyStopped("the budget is spent"))
    episodes = play([toy_task(number) for number in range(3)], SPEC, policy, PlaySettings(max_actions=6, slots=3))
    with pytest.raises(PolicyStopped, match="the budget is spent"):
        next(episodes)
    assert len(policy.cancelled) == 2


def test_a_closed_iterator_leaves_no_call_under_way() -> None:
    policy = Served(silent=("task 1", "task 2"))
    episodes = play([toy_task(number) for number in range(9)], SPEC, policy, PlaySettings(max_actions=6, slots=3))
    assert next(episodes).task.id == "task 0"
    episodes.close()  # type: ignore[attr-defined]
    assert len(policy.cancelled) == 2
