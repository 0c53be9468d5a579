"""A prompted model behind a server, over real HTTP."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from language_models.fake_server import Call, FakeServer, Reply, Script, fails, says
from toys import NAME, ROOMS, toy_task

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters, Price, client
from leap_kedro.policies.openai_policy import OpenAIPolicy, OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import GENERAL_RULES, examples_text
from leap_kedro.records import Episode, Example, ParseStatus, StopReason, Target, Turn

SPEC = EnvironmentSpec(NAME, {})
LISTED = ("go to desk 1", "look")
EXAMPLE = Example(
    "0/a/1",
    0,
    "alfworld",
    "You see a desk 1. Your task is to: find it.",
    (Turn("go to desk 1", "On it, you see a mug 2."),),
    (Target(0, "It may be there.", "go to desk 1"),),
)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)


def policy(server: FakeServer, access: Access | None = None, **more: Any) -> OpenAIPolicy:
    budget = more.pop("budget", BudgetParameters())
    told = {name: more.pop(name) for name in ("environment", "examples", "show_admissible") if name in more}
    model = ModelParameters(base_url=server.base_url, model="fake", **{"retries": 0, **more})
    return OpenAIPolicySpec("openai:fake", model, access or Access(), budget, **told).load()


def walker(call: Call) -> Reply:
    """The right way through the toy rooms."""
    turns = sum(message["role"] == "assistant" for message in call.body["messages"])
    return says(f"REASON: I need the next one.\nACTION: go to {ROOMS[turns]}.", tokens=(50 + turns, 12), delay=0.03)


def played(script: Script, goals: Sequence[int] = (2, 3), **more: Any) -> tuple[list[Episode], FakeServer]:
    tasks = [toy_task(number, goal=goal) for number, goal in enumerate(goals)]
    with FakeServer(script) as server:
        episodes = list(play(tasks, SPEC, policy(server, **more), PlaySettings(max_actions=5, slots=4)))
    return sorted(episodes, key=lambda episode: episode.task.id), server


def test_it_plays_whole_episodes_one_call_a_decision() -> None:
    episodes, server = played(walker)
    assert [(episode.stop, len(episode.steps)) for episode in episodes] == [
        (StopReason.SOLVED, 2),
        (StopReason.SOLVED, 3),
    ]
    second = episodes[0].steps[1]
    assert (second.reason, second.action) == ("I need the next one.", "go to room 2")
    assert (second.prompt_tokens, second.reply_tokens) == (51, 12)
    assert len(server.calls) == 5
    assert server.most_at_once == 2


def test_what_never_changes_comes_first_and_prompts_grow_at_their_end() -> None:
    with FakeServer([says("REASON: x\nACTION: look")]) as server:
        asked = policy(server, environment="alfworld", examples=examples_text([EXAMPLE]), temperature=0.7)
        turns = (Turn("look", "Nothing."), Turn("go to desk 1", "A mug 2."))
        for count in range(3):
            asked.reply([Conversation("e", "You see a desk 1.", turns[:count], LISTED, seed=5)])
    prompts = [call.body["messages"] for call in server.calls]
    for shorter, longer in pairwise(prompts):
        assert longer[: len(shorter)] == shorter
    rules, *rest = prompts[-1]
    assert rules["content"].startswith(GENERAL_RULES)
    assert rules["content"].index("clean <object> with <place>") < rules["content"].index(
        "Your task is to: find it.\nREASON: It may be there.\nACTION: go to desk 1\nOn it, you see a mug 2."
    )
    assert [(message["role"], message["content"]) for message in rest] == [
        ("user", "You see a desk 1."),
        ("assistant", "ACTION: look"),
        ("user", "Nothing."),
        ("assistant", "ACTION: go to desk 1"),
        ("user", "A mug 2."),
    ]
    assert [call.body["seed"] for call in server.calls] == [5, 6, 7]


def test_the_listed_actions_are_shown_at_the_end_and_the_history_keeps_none() -> None:
    with FakeServer([says("REASON: x\nACTION: look")]) as server:
        asked = policy(server, show_admissible=True)
        for turns in ((), (Turn("look", "Nothing."),)):
            asked.reply([Conversation("e", "You see a desk 1.", turns, LISTED)])
        asked.reply([Conversation("e", "You see a desk 1.", ())])
    first, second, unlisted = ([message["content"] for message in call.body["messages"]][1:] for call in server.calls)
    listing = "\n\nActions that can be carried out now:\ngo to desk 1\nlook"
    assert first == [f"You see a desk 1.{listing}"]
    assert second == ["You see a desk 1.", "ACTION: look", f"Nothing.{listing}"]
    assert unlisted == ["You see a desk 1."]


def test_zero_shot_and_few_shot_differ_in_the_examples_alone() -> None:
    assert examples_text([]) == ""
    with FakeServer([says("ACTION: look")]) as server:
        for examples in ("", examples_text([EXAMPLE])):
            policy(server, examples=examples).reply([Conversation("e", "You see a desk 1.", ())])
    zero, few = (call.body["messages"] for call in server.calls)
    assert few[0]["content"].startswith(zero[0]["content"])
    assert few[1:] == zero[1:]


@pytest.mark.parametrize(
    ("answer", "action", "status"),
    [
        (says("I do not know."), "", ParseStatus.NO_ACTION),
        (says("REASON: a long one", finish="length"), "", ParseStatus.TRUNCATED),
        (says("ACTION: go to de", finish="length"), "", ParseStatus.TRUNCATED),
        (says(None, refusal="I cannot."), "", ParseStatus.REFUSED),
        (says("", finish="content_filter"), "", ParseStatus.REFUSED),
        (says(None), "", ParseStatus.EMPTY),
        (says(None, thoughts="ACTION: look"), "", ParseStatus.ONLY_THOUGHTS),
        (
            says([{"type": "thinking", "thinking": [{"type": "text", "text": "ACTION: look"}]}]),
            "",
            ParseStatus.ONLY_THOUGHTS,
        ),
        (says([{"type": "text", "text": "ACTION: "}, {"type": "text", "text": "look"}]), "look", ParseStatus.OK),
        (says("hm\n</think>\nACTION: look"), "look", ParseStatus.OK),
        (says("Thought: hm\n**Action:** `GO TO DESK 1.`"), "go to desk 1", ParseStatus.OK),
    ],
)
def test_what_a_model_writes_is_read_with_doubt(answer: Reply, action: str, status: ParseStatus) -> None:
    with FakeServer([answer]) as server:
        (reply,) = policy(server).reply([Conversation("e", "You see a desk 1.", (), LISTED)])
    assert (reply.action, reply.status, reply.error) == (action, status, "")


def test_one_failed_call_is_an_infrastructure_error_of_its_episode_alone() -> None:
    def script(call: Call) -> Reply:
        return fails(500, "out of memory") if call.number == 1 else walker(call)

    episodes, _ = played(script, goals=(2, 2, 2))
    stops = sorted(episode.stop.value for episode in episodes)
    assert stops == ["policy_error", "solved", "solved"]
    (broken,) = (episode for episode in episodes if episode.stop is StopReason.POLICY_ERROR)
    assert "HTTP 500: out of memory" in broken.error


def test_an_episode_that_outgrows_the_context_is_the_policys_own_failure() -> None:
    def script(call: Call) -> Reply:
        long = len(call.body["messages"]) > 4
        return fails(400, "This exceeds the model's maximum context length.") if long else walker(call)

    (short, long), _ = played(script, goals=(2, 4))
    assert short.stop is StopReason.SOLVED
    assert (long.stop, len(long.steps)) == (StopReason.TOKEN_LIMIT, 2)
    assert "maximum context length" in long.error


@pytest.mark.parametrize(
    ("script", "more", "said"),
    [
        ([fails(500)], {}, "gives no answer of the model 'fake'"),
        ([fails(401, "wrong key")], {}, r"credentials\.yml"),
        (walker, {"budget": BudgetParameters(calls=3)}, "budget of 3 calls to 'fake' is spent"),
        (walker, {"budget": BudgetParameters(dollars=1.0)}, "price of the model 'fake' is unknown"),
    ],
)
def test_play_stops_where_no_further_call_can_succeed(script: Script, more: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyStopped, match=said):
        played(script, **more)


def test_no_call_is_paid_for_twice(tmp_path: Path) -> None:
    access = Access(prices={"fake": Price(prompt=1.0, completion=1.0)}, cache=tmp_path)
    tasks = [toy_task(number, goal=goal) for number, goal in enumerate((2, 3))]
    settings = PlaySettings(max_actions=5, slots=4)
    with FakeServer(walker) as server:
        first, again = (list(play(tasks, SPEC, policy(server, access=access), settings)) for _ in range(2))
    assert len(server.calls) == 3  # the toy episodes begin alike, and the second time nothing is asked
    assert again == first


def test_a_reply_that_cannot_be_read_is_asked_for_again_the_next_time(tmp_path: Path) -> None:
    conversation = Conversation("e", "You see a desk 1.", (), LISTED)
    with FakeServer([says("hm"), says("ACTION: look")]) as server:
        replies = [policy(server, access=Access(cache=tmp_path)).reply([conversation])[0] for _ in range(3)]
    assert [reply.action for reply in replies] == ["", "look", "look"]
    assert len(server.calls) == 2
