"""The LLM teacher against a server: what it asks, how often, and what becomes of the answers."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from teachers.llm.lessons import BENCHMARK, USABLE, briefing_of, correction, episodes, other_action, prompts, reply

from leap_kedro.language_models import Access, BudgetParameters, LanguageModel, ModelParameters, Price, client
from leap_kedro.records import CorrectedEpisode, Episode, Rejection, Usage, Verdict
from leap_kedro.teachers.llm.prompts import View
from leap_kedro.teachers.llm.teacher import LLMTeacher
from leap_kedro.teachers.protocol import TeacherStopped

EPISODES = episodes()
BRIEFING = briefing_of(EPISODES[0])
GOOD = correction(1, "Such things are often on a table.", other_action(BRIEFING, 1))
KEPT = reply()
STEP_KEPT = '{"verdict": "keep", "reason": "", "action": ""}'


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)


def teacher_at(
    server: FakeServer,
    view: View = View.EPISODE,
    access: Access | None = None,
    budget: BudgetParameters | None = None,
    concurrency: int = 1,
    **options,
) -> LLMTeacher:
    parameters = ModelParameters(base_url=server.base_url, model="fake", concurrency=concurrency, retries=1)
    model = LanguageModel(parameters, access or Access(), budget)
    return LLMTeacher(BENCHMARK, model, prompts(view), 50, view=view, **options)


def taught(
    script: object, of: Sequence[Episode] = EPISODES[:1], view: View = View.EPISODE, **options
) -> tuple[list[CorrectedEpisode], FakeServer]:
    with FakeServer(script) as server:  # type: ignore[arg-type]
        return list(teacher_at(server, view, **options).correct_all(of)), server


def test_changed_steps_are_corrected_and_the_others_kept() -> None:
    (corrected,), server = taught([says(reply(GOOD))])
    assert len(server.calls) == 1
    assert server.calls[0].body["response_format"]["json_schema"]["schema"]["required"] == ["corrections"]
    own = EPISODES[0].steps
    assert [said.step for said in corrected.corrections] == list(range(len(own)))
    changed = corrected.corrections[1]
    assert (changed.verdict, changed.action, changed.accepted) == (Verdict.CORRECT, GOOD["action"], True)
    assert (changed.teacher, changed.privilege) == ("llm-50-fake", 50)
    others = [said for said in corrected.corrections if said.step != 1]
    assert all(said.verdict is Verdict.KEEP for said in others)
    assert [(said.reason, said.action) for said in others] == [
        (step.reason, step.action) for number, step in enumerate(own) if number != 1
    ]
    assert corrected.faults == ()
    assert corrected.usage == Usage(calls=1, prompt_tokens=100, reply_tokens=10, dollars=None)


def leaking() -> dict[str, object]:
    """A correction that names a thing which no observation has shown yet."""
    shown = BRIEFING.known(0)[0]
    secret = next(name for name in BRIEFING.moments[0].state.essentials if name not in shown)
    return correction(0, f"The {secret} is what I need.", other_action(BRIEFING, 0))


@pytest.mark.parametrize(
    ("first", "told", "rejection"),
    [
        ("I would not change much.", "no JSON of the form asked for", Rejection.UNREADABLE),
        ("", "the reply is empty", Rejection.EMPTY),
        (reply(GOOD, correction(40, "So.", "look")), "no such step: 41", Rejection.UNKNOWN_STEP),
        (reply(correction(1, "I fly.", "fly away")), 'step 2: "fly away" is not among', Rejection.NOT_EXECUTABLE),
        (reply(correction(1, "", "look")), "step 2: reason or action is empty", Rejection.EMPTY),
        (reply(correction(1, "so " * 999, "look")), "step 2: reason or action is longer", Rejection.TOO_LONG),
        (reply(leaking()), "step 1: the reason names what no observation", Rejection.LEAKED),
    ],
)
def test_it_is_asked_once_more_with_what_was_wrong(first: str, told: str, rejection: Rejection) -> None:
    better = correction(0, "I look around.", other_action(BRIEFING, 0))
    (corrected,), server = taught([says(first), says(reply(better, GOOD)), says("never asked for")])
    assert len(server.calls) == 2
    *_, quoted, again = server.calls[1].body["messages"]
    assert quoted["role"] == "assistant"
    assert told in again["content"]
    assert all(said.accepted for said in corrected.corrections)
    assert corrected.corrections[1].action == GOOD["action"]
    whole = {Rejection.UNREADABLE, Rejection.EMPTY, Rejection.UNKNOWN_STEP}
    assert {fault.rejection for fault in corrected.faults} <= whole
    assert all(fault.attempt == 0 for fault in corrected.faults)

    (worse,), server = taught([says(first), says(first), says("never asked for")], earlier=[USABLE])
    assert len(server.calls) == 2
    found = [fault.rejection for fault in worse.faults] + [said.rejection for said in worse.corrections]
    assert rejection in found


def test_what_was_accepted_the_first_time_stands() -> None:
    wrong = correction(0, "I fly.", "fly away")
    other = correction(1, "Another reason.", other_action(BRIEFING, 1, lambda action: action == GOOD["action"]))
    withdrawn = correction(0, "", "", verdict="keep")
    (corrected,), _ = taught([says(reply(GOOD, wrong)), says(reply(other, withdrawn))])
    assert corrected.corrections[1].action == GOOD["action"]
    assert (corrected.corrections[0].verdict, corrected.corrections[0].accepted) == (Verdict.KEEP, True)


@pytest.mark.parametrize(
    ("answer", "rejection"),
    [
        (says(reply(GOOD)[:60], finish="length"), Rejection.TRUNCATED),
        (says(None, refusal="I cannot help with that."), Rejection.REFUSED),
        (says("", finish="content_filter"), Rejection.REFUSED),
        (fails(400, "the prompt is too long", code="context_length_exceeded"), Rejection.NOT_TAKEN),
    ],
)
def test_what_asking_again_cannot_mend_is_recorded_at_once(answer: Reply, rejection: Rejection) -> None:
    (corrected,), server = taught([answer], earlier=[USABLE])
    assert len(server.calls) == 1
    assert corrected.corrections == ()
    assert [(fault.rejection, fault.attempt) for fault in corrected.faults] == [(rejection, 0)]


def test_the_causal_view_asks_step_by_step() -> None:
    def script(call: Call) -> Reply:
        return says(
            [STEP_KEPT, "no", "no", '{"verdict": "correct", "reason": "So.", "action": "look"}'][min(call.number, 3)]
        )

    (corrected,), server = taught(script, view=View.CAUSAL)
    steps = EPISODES[0].steps
    assert len(server.calls) == len(steps) + 1
    kept, unread, *others = corrected.corrections
    assert kept.accepted
    assert (unread.rejection, unread.reason, unread.action) == (Rejection.UNREADABLE, "", "")
    assert [(fault.step, fault.attempt) for fault in corrected.faults] == [(1, 0), (1, 1)]
    assert len(others) == len(steps) - 2
    assert corrected.corrections[0].teacher == "llm-50-fake-causal"


def test_an_answer_from_the_cache_costs_nothing(tmp_path: Path) -> None:
    access = Access(prices={"fake": Price(prompt=10.0, completion=100.0)}, cache=tmp_path)

    def script(call: Call) -> Reply:
        return says(reply(GOOD) if call.number > 2 and len(call.body["messages"]) > 2 else "no")

    with FakeServer(script) as server:
        first, second, third = (
            next(iter(teacher_at(server, access=access, earlier=[USABLE]).correct_all(EPISODES[:1]))) for _ in range(3)
        )
    assert first.corrections == ()
    assert second.usage == Usage(calls=2, prompt_tokens=200, reply_tokens=20, dollars=pytest.approx(0.004))
    # Only the answer that could be used was kept.
    assert third.usage == Usage(calls=1, cached=1, prompt_tokens=100, reply_tokens=10, dollars=pytest.approx(0.002))
    assert third.corrections == second.corrections


def test_calls_of_some_episodes_are_recorded_in_full() -> None:
    found, server = taught([says("no"), says(KEPT)], EPISODES, recorded_episodes=2)
    assert [len(corrected.exchanges) for corrected in found] == [2, 1, 0]
    first, again = found[0].exchanges
    assert [role for role, _ in first.prompt] == ["system", "user"]
    assert first.prompt[1][1] == server.calls[0].prompt
    assert (first.reply, first.finish, again.attempt) == ("no", "stop", 1)
    more, _ = taught([says(KEPT)], EPISODES[2:], recorded_episodes=2, earlier=found)
    assert more[0].exchanges == ()


def test_an_episode_without_steps_is_not_asked_about() -> None:
    (corrected,), server = taught([says(KEPT)], [replace(EPISODES[0], steps=())])
    assert (corrected.corrections, corrected.faults, len(server.calls)) == ((), (), 0)


@pytest.mark.parametrize(
    ("failure", "message", "budget"),
    [
        (fails(401, "bad key"), "key is missing or wrong", None),
        (fails(404, "no such model"), "unknown there", None),
        (fails(500), "gives no answer", None),
        (says(KEPT), "budget of 4 calls", BudgetParameters(calls=4)),
    ],
)
def test_when_it_cannot_go_on_what_is_under_way_is_kept(
    failure: Reply, message: str, budget: BudgetParameters | None
) -> None:
    many = episodes(8)

    def script(call: Call) -> Reply:
        return says(KEPT, delay=0.1) if call.number < 4 else failure

    with FakeServer(script) as server:
        found, stopped = until_it_stops(teacher_at(server, concurrency=2, budget=budget), many)
    assert len(found) == 4
    assert message in stopped
    assert len(server.calls) <= 8


def until_it_stops(teacher: LLMTeacher, of: Sequence[Episode]) -> tuple[list[CorrectedEpisode], str]:
    found: list[CorrectedEpisode] = []
    try:
        for corrected in teacher.correct_all(of):
            found.append(corrected)
    except TeacherStopped as error:
        return found, str(error)
    return found, ""


def test_too_many_unusable_replies_stop_it_and_lose_nothing() -> None:
    many = episodes(40, 2)

    def script(call: Call) -> Reply:
        return says(KEPT if call.number < 9 else "garbage")

    with FakeServer(script) as server:
        found, stopped = until_it_stops(teacher_at(server), many)
    assert [bool(corrected.corrections) for corrected in found] == [True] * 9
    assert "11 of 20 replies" in stopped
    assert "unreadable 22" in stopped
    assert "max_unusable_share" in stopped

    rest = [episode for episode in many if episode.id not in {corrected.episode for corrected in found}]
    with FakeServer([says(KEPT)]) as server:
        more = list(teacher_at(server, earlier=found).correct_all(rest))
    assert len(more) + len(found) == len(many)


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (says("garbage"), "unreadable "),
        (says("<think>{}</think>"), "server.max_tokens"),
        (says(KEPT[:9], finish="length"), "server.max_tokens"),
        (fails(400, "frobnicate is wrong"), "HTTP 400: frobnicate is wrong"),
    ],
)
@pytest.mark.parametrize("view", View)
def test_a_stage_without_one_usable_reply_stops_however_short(answer: Reply, named: str, view: View) -> None:
    with FakeServer([answer]) as server:
        found, stopped = until_it_stops(teacher_at(server, view, max_unusable_share=1.0), EPISODES)
    assert found == []
    assert "3 of 3 replies" in stopped
    assert named in stopped


def test_few_unusable_replies_are_recorded_last() -> None:
    many = episodes(40, 2)

    def script(call: Call) -> Reply:
        return says("garbage" if call.number < 4 else KEPT)

    found, _ = taught(script, many)
    assert [bool(corrected.corrections) for corrected in found] == [True] * 38 + [False] * 2


def test_calls_run_side_by_side() -> None:
    script = [replace(says(KEPT, delay=0.05), together=8)]
    found, server = taught(script, episodes(40, 2), concurrency=8)
    assert (len(found), server.most_at_once) == (40, 8)


def test_the_price_that_nobody_knows_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        taught([says(KEPT)], EPISODES)
    assert sum("prices.yml" in record.getMessage() for record in caplog.records) == 1
