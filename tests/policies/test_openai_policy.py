"""A prompted model behind a server, over real HTTP."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from language_models.fake_server import Call, FakeServer, Reply, Script, fails, says
from toys import NAME, ROOMS, answers, toy_task

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters, Price, client, dialect
from leap_kedro.policies.openai_policy import OpenAIPolicy, OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import GENERAL_RULES, examples_text
from leap_kedro.records import Episode, Example, ParseStatus, StopReason, Target, Turn

SPEC = EnvironmentSpec(NAME, {})
LISTED = ("go to desk 1", "look")
SPEC_FIELDS = ("environment", "examples", "hold_to_admissible", "trained")
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
    told = {name: more.pop(name) for name in SPEC_FIELDS if name in more}
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
            answers(asked, Conversation("e", "You see a desk 1.", turns[:count], LISTED, seed=5))
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
        asked = policy(server, hold_to_admissible=True)
        for turns in ((), (Turn("look", "Nothing."),)):
            answers(asked, Conversation("e", "You see a desk 1.", turns, LISTED))
        answers(asked, Conversation("e", "You see a desk 1.", ()))
    first, second, unlisted = ([message["content"] for message in call.body["messages"]][1:] for call in server.calls)
    listing = "\n\nActions that can be carried out now:\ngo to desk 1\nlook"
    assert first == [f"You see a desk 1.{listing}"]
    assert second == ["You see a desk 1.", "ACTION: look", f"Nothing.{listing}"]
    assert unlisted == ["You see a desk 1."]


def test_zero_shot_and_few_shot_differ_in_the_examples_alone() -> None:
    assert examples_text([]) == ""
    with FakeServer([says("ACTION: look")]) as server:
        for examples in ("", examples_text([EXAMPLE])):
            answers(policy(server, examples=examples), Conversation("e", "You see a desk 1.", ()))
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
        (reply,) = answers(policy(server), Conversation("e", "You see a desk 1.", (), LISTED))
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
        replies = [answers(policy(server, access=Access(cache=tmp_path)), conversation)[0] for _ in range(3)]
    assert [reply.action for reply in replies] == ["", "look", "look"]
    assert len(server.calls) == 2


def constraint_of(call: Call) -> str:
    """The form in which a request has a constraint."""
    if "structured_outputs" in call.body:
        assert call.body["structured_outputs"] == {"grammar": call.body["grammar"]}
        return "grammar"
    return "json_schema" if "response_format" in call.body else "none"


def held(server: FakeServer, count: int = 2, **more: Any) -> tuple[list[tuple[str, bool | None]], list[str]]:
    """Action of each reply and whether it was held; the forms of the requests."""
    asked = policy(server, hold_to_admissible=True, **more)
    conversations = [Conversation("e", f"Room {number}.", (), LISTED) for number in range(count)]
    replies = [answers(asked, conversation)[0] for conversation in conversations]
    return [(reply.action, reply.held) for reply in replies], [constraint_of(call) for call in server.calls]


def constrained(*honoured: str, unknown: Reply | None = None, free: str = "I would fly.\nACTION: fly") -> Script:
    """A server that honours constraints in some forms. It ignores the others, or answers `unknown` to them."""
    texts = {"grammar": "REASON: x\nACTION: look", "json_schema": '{"reason": "x", "action": "look"}'}

    def script(call: Call) -> Reply:
        form = constraint_of(call)
        if form not in honoured and form != "none" and unknown:
            return unknown
        return says(texts[form] if form in honoured else free)

    return script


UNKNOWN = [
    fails(400, "Unrecognized request arguments supplied: grammar, structured_outputs; response_format is unknown"),
    fails(400, 'Unknown name "structured_outputs": Cannot find field; response_format: unknown'),
]


@pytest.mark.parametrize("refuses", [None, *UNKNOWN], ids=["ignores", "refuses", "finds no field"])
@pytest.mark.parametrize(
    ("honoured", "answers", "forms"),
    [
        (["grammar"], [("look", True)] * 2, ["grammar", "grammar"]),
        (["json_schema"], [("look", True)] * 2, ["grammar", "json_schema", "json_schema"]),
        ([], [("fly", False)] * 2, ["grammar", "json_schema", "none", "none"]),
    ],
    ids=["grammar", "json_schema", "none"],
)
def test_the_server_holds_replies_in_the_form_that_it_honours(
    honoured: list[str],
    answers: list[tuple[str, bool]],
    forms: list[str],
    refuses: Reply | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FakeServer(constrained(*honoured, unknown=refuses)) as server:
        assert held(server) == (answers, forms)
    told = [record.getMessage() for record in caplog.records if "from now on constraints" in record.getMessage()]
    assert len(told) == len(forms) - 2
    assert all(server.base_url in message for message in told)
    assert not told or "structured_outputs" in told[0]


@pytest.mark.parametrize("refuses", [None, UNKNOWN[0]], ids=["ignores", "refuses"])
def test_a_trained_student_does_not_play_on_where_the_server_cannot_hold_it(refuses: Reply | None) -> None:
    with FakeServer(constrained("json_schema", unknown=refuses)) as server:
        with pytest.raises(PolicyStopped, match=r"`structured_outputs`.*`rollout\.hold_to_admissible`"):
            held(server, trained=True)
        assert len(server.calls) == 2
    with FakeServer(constrained("grammar")) as server:
        assert held(server, trained=True)[0] == [("look", True)] * 2
    assert all("can be carried out" not in prompt for prompt in server.prompts())


def test_a_list_that_the_server_rejects_is_not_held_and_others_are(caplog: pytest.LogCaptureFixture) -> None:
    def script(call: Call) -> Reply:
        large = "Room 0" in call.prompt or "Room 1" in call.prompt
        rejected = large and constraint_of(call) != "none"
        return fails(400, "Expected at most 1000 enum values") if rejected else constrained("grammar")(call)

    with FakeServer(script) as server:
        assert held(server, count=3) == (
            [("fly", False), ("fly", False), ("look", True)],
            ["grammar", "none", "grammar", "none", "grammar"],
        )
    assert sum("at most 1000 enum values" in record.getMessage() for record in caplog.records) == 1


def test_openai_itself_is_asked_for_json_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer(constrained("json_schema")) as server:
        monkeypatch.setattr(dialect, "OPENAI", server.base_url)
        assert held(server) == ([("look", True)] * 2, ["json_schema"] * 2)


def test_without_a_list_nothing_is_held() -> None:
    with FakeServer(constrained()) as server:
        (reply,) = answers(policy(server, hold_to_admissible=True), Conversation("e", "You see a desk 1.", ()))
    assert (constraint_of(server.calls[0]), reply.held) == ("none", None)


def test_held_and_free_answers_are_kept_apart(tmp_path: Path) -> None:
    access = Access(cache=tmp_path)
    with FakeServer(constrained("json_schema")) as server:
        first, again = (held(server, access=access)[0] for _ in range(2))
        free = answers(policy(server, access=access), Conversation("e", "Room 0.", (), LISTED))
    assert first == again == [("look", True)] * 2
    assert (free[0].action, free[0].held) == ("fly", None)
    assert [constraint_of(call) for call in server.calls] == ["grammar", "json_schema", "json_schema", "none"]


@pytest.mark.parametrize(
    "answer",
    [
        says("REASON: a long one", finish="length"),
        says(None, refusal="I cannot."),
        says("", finish="content_filter"),
        says(None, thoughts="hm"),
        says("<think>\nhm", finish="length"),
    ],
)
def test_a_reply_that_says_nothing_about_the_constraint_changes_nothing(answer: Reply) -> None:
    with FakeServer([answer]) as server:
        assert held(server) == ([("", True)] * 2, ["grammar"] * 2)
