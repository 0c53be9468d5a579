"""Actions as calls of a tool, over real HTTP: a scripted server, and a real one with a small model."""

import json
from pathlib import Path
from typing import Any

import pytest
from language_models import real_server
from language_models.fake_server import Call, FakeServer, Reply, says
from toys import NAME, ROOMS, answers, toy_task

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.language_models import Access, ActionForm, BudgetParameters, ModelParameters
from leap_kedro.policies.openai_policy import OpenAIPolicy, OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import TOOL_RULES
from leap_kedro.records import ParseStatus, StopReason, Turn

LISTED = ("go to desk 1", "look")
SEEN = "You see a desk 1."


def policy(url: str, access: Access | None = None, **more: Any) -> OpenAIPolicy:
    how = {name: more.pop(name) for name in ("hold_to_admissible",) if name in more}
    model = ModelParameters(base_url=url, model="fake", **{"retries": 0, **more})
    made = OpenAIPolicySpec("m", model, access or Access(), BudgetParameters(), actions=ActionForm.TOOL, **how)
    return made.load()


def called(arguments: object, name: str = "act", text: str | None = None, **more: Any) -> Reply:
    call = {"id": "x", "type": "function", "function": {"name": name, "arguments": arguments}}
    return says(text, **{"finish": "tool_calls", "calls": [call], **more})


def test_whole_episodes_are_played_by_calls() -> None:
    def walker(call: Call) -> Reply:
        turns = sum(message["role"] == "tool" for message in call.body["messages"])
        return called(json.dumps({"action": f"go to {ROOMS[turns]}"}), text="I need the next one.")

    with FakeServer(walker) as server:
        (episode,) = play(
            [toy_task(0, goal=3)], EnvironmentSpec(NAME, {}), policy(server.base_url), PlaySettings(max_actions=5)
        )
    assert (episode.stop, len(episode.steps)) == (StopReason.SOLVED, 3)
    assert (episode.steps[1].reason, episode.steps[1].action) == ("I need the next one.", "go to room 2")
    assert episode.steps[1].reply == 'I need the next one.\nact({"action": "go to room 2"})'


def test_the_history_has_calls_and_their_results() -> None:
    turns = (Turn("look", "Nothing."), Turn("", "You did nothing."), Turn('say "a"', "Said."))
    with FakeServer([called('{"action": "look"}')]) as server:
        answers(policy(server.base_url), Conversation("e", SEEN, turns, LISTED))
    body = server.calls[0].body

    def call(number: str, action: str) -> dict[str, Any]:
        function = {"name": "act", "arguments": json.dumps({"action": action})}
        return {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": number, "type": "function", "function": function}],
        }

    assert body["messages"] == [
        {"role": "system", "content": TOOL_RULES},
        {"role": "user", "content": SEEN},
        call("call00000", "look"),
        {"role": "tool", "content": "Nothing.", "tool_call_id": "call00000"},
        {"role": "assistant", "content": "(no action)"},
        {"role": "user", "content": "You did nothing."},
        call("call00002", 'say "a"'),
        {"role": "tool", "content": "Said.", "tool_call_id": "call00002"},
    ]
    (tool,) = body["tools"]
    assert "enum" not in tool["function"]["parameters"]["properties"]["action"]


@pytest.mark.parametrize(
    ("listed", "enumerated", "shown"),
    [
        (LISTED, list(LISTED), SEEN),
        (("look", "search[<words>]"), None, f"{SEEN}\n\nActions that can be carried out now:\nlook\nsearch[<words>]"),
        (None, None, SEEN),
    ],
)
def test_listed_actions_are_enumerated_unless_one_is_open(
    listed: tuple[str, ...] | None, enumerated: list[str] | None, shown: str
) -> None:
    with FakeServer([called('{"action": "look"}')]) as server:
        answers(policy(server.base_url, hold_to_admissible=True), Conversation("e", SEEN, (), listed))
    body = server.calls[0].body
    assert body["tools"][0]["function"]["parameters"]["properties"]["action"].get("enum") == enumerated
    assert body["messages"][-1]["content"] == shown


@pytest.mark.parametrize(
    ("answer", "action", "status"),
    [
        (called({"action": "look"}), "look", ParseStatus.OK),
        (called('{"action": " `LOOK`. "}'), "look", ParseStatus.OK),
        (called('{"action": "fly\\naway"}'), "fly", ParseStatus.OK),
        (called('{"action": "look"'), "", ParseStatus.NO_ACTION),
        (called('{"action": "lo', finish="length"), "", ParseStatus.TRUNCATED),
        (called('{"action": ["look"]}'), "", ParseStatus.NO_ACTION),
        (called('["look"]'), "", ParseStatus.NO_ACTION),
        (called("[" * 100_000), "", ParseStatus.NO_ACTION),
        (called(None), "", ParseStatus.NO_ACTION),
        (called('{"action": "look"}', name="rm"), "", ParseStatus.NO_ACTION),
        (called('{"action": "look"}', thoughts="hm"), "look", ParseStatus.OK),
        (called('{"action": "look"}', text="<think>go to desk 1</think>\nI see."), "look", ParseStatus.OK),
        (says("I would look.", calls=[]), "", ParseStatus.NO_ACTION),
        (says(None, calls="act", thoughts="hm"), "", ParseStatus.ONLY_THOUGHTS),
        (says("REASON: a\nACTION: look", calls=[None, {"function": {"arguments": 1}}]), "look", ParseStatus.OK),
    ],
)
def test_calls_are_read_with_doubt(answer: Reply, action: str, status: ParseStatus) -> None:
    with FakeServer([answer]) as server:
        (reply,) = answers(policy(server.base_url), Conversation("e", SEEN, (), LISTED))
    assert (reply.action, reply.status, reply.error) == (action, status, "")
    assert "think" not in reply.reason


def test_a_call_is_not_paid_for_twice(tmp_path: Path) -> None:
    with FakeServer([called('{"action": "look"}')]) as server:
        asked = (answers(policy(server.base_url, Access(cache=tmp_path)), Conversation("e", SEEN, ())) for _ in "ab")
        assert [reply.action for (reply,) in asked] == ["look", "look"]
    assert len(server.calls) == 1


@pytest.mark.slow
def test_a_real_server_reads_the_calls_of_a_real_model() -> None:
    import trl

    if real_server.weights() is None:
        pytest.skip(real_server.MISSING)
    template = Path(trl.__file__).parent / "chat_templates" / "qwen2_5.jinja"
    opening = "You are in a room. You see a desk 1, a desk 2, a desk 3, a desk 4. Your task is to: find a mug."
    turns = tuple(Turn(f"go to desk {number}", f"You are at desk {number}. You see nothing.") for number in (1, 2))
    listed = ("go to desk 3", "go to desk 4", "look")
    with real_server.real_server(template=template.read_text(encoding="utf-8")) as url:
        asked = policy(url, hold_to_admissible=True, max_tokens=60)
        (reply,) = answers(asked, Conversation("e", opening, turns, listed))
    assert (reply.action, reply.status) == ("go to desk 3", ParseStatus.OK)
