"""Baselines, node by node."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from language_models.real_server import MODEL

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Chunk
from leap_kedro.environments.alfworld import build_benchmark
from leap_kedro.language_models import Access, Price, ServerParameters
from leap_kedro.pipelines.baselines.comparing import summarize_baselines, tabulate_baselines
from leap_kedro.pipelines.baselines.nodes import (
    PRIVILEGED,
    RANDOM,
    UNPRIVILEGED,
    NoExamples,
    choose_examples,
    play_prompted,
    play_without_model,
)
from leap_kedro.pipelines.baselines.parameters import BaselineParameters
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherParameters
from leap_kedro.pipelines.episodes import NothingAnswered
from leap_kedro.pipelines.evaluation.nodes import play_evaluation
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.evaluation.saved import evaluate_saved, named_policy
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.records import Episode, Example, Task
from leap_kedro.tracking.policies import UnknownPolicy
from leap_kedro.training.parameters import FineTuningParameters

GENERATED: dict[str, Any] = {"alfworld": {"source": "generated"}}
HOW = ("alfworld", GENERATED, 0)
TEACHER = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))
BENCHMARK = build_benchmark(GENERATED["alfworld"])
VALIDATION = BENCHMARK.tasks("train", 3, 7)
TEST = [*BENCHMARK.tasks("valid_seen", 2, 0), *BENCHMARK.tasks("valid_unseen", 3, 0)]
TASKS = (VALIDATION, TEST)


def capped(actions: int = 3, **more: Any) -> EvaluationParameters:
    return EvaluationParameters(max_actions=actions, max_reply_tokens=24, **more)


def bootstrap(**changes: Any) -> BootstrapParameters:
    values: dict[str, Any] = {"demonstrator": "surfaces", "demonstrations": 4, "noise": 0.0, "max_actions": 50}
    return BootstrapParameters(**{**values, "training": FineTuningParameters(max_steps=1), **changes})


def records(chunks: Iterable[Chunk]) -> list[Episode]:
    found = list(chunks)
    assert [chunk.complete for chunk in found] == [False] * (len(found) - 1) + [True]
    return [record for chunk in found for record in chunk.records]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return choose_examples(BENCHMARK.tasks("train", 40, 0), BaselineParameters(), bootstrap(), *HOW)


def test_examples_are_solved_training_tasks_of_different_types(examples: list[Example]) -> None:
    train = {task.id: task for task in BENCHMARK.tasks("train", 40, 0)}
    kinds = [train[example.episode.split("/", 1)[1].rpartition("/")[0]].kind for example in examples]
    assert len(set(kinds)) == len(kinds) == 2
    for example in examples:
        assert [target.action for target in example.targets] == [turn.action for turn in example.turns]
        assert all(target.reason for target in example.targets)


def test_too_few_examples_are_told_with_what_to_do() -> None:
    with pytest.raises(NoExamples, match=r"solves 0 of 3 training tasks within 1 actions.*`baselines.examples`"):
        choose_examples(BENCHMARK.tasks("train", 3, 0), BaselineParameters(), bootstrap(max_actions=1), *HOW)


@pytest.mark.parametrize("player", [RANDOM, UNPRIVILEGED, PRIVILEGED])
def test_what_is_owed_is_played_and_nothing_twice(player: str) -> None:
    play, more = play_without_model(player), (capped(), TEACHER)
    two = records(play(*TASKS, [], BaselineParameters(tasks=2), *more, *HOW))
    assert {episode.policy for episode in two} == {player}
    assert [episode.task.split for episode in two].count("train") == 2
    assert len(two) == 6
    rest = records(play(*TASKS, two, BaselineParameters(), *more, *HOW))
    assert {episode.task.id for episode in rest} == {VALIDATION[2].id, TEST[4].id}
    assert records(play(*TASKS, [*two, *rest], BaselineParameters(), *more, *HOW)) == []


def test_a_prompted_policy_plays_zero_shot_then_few_shot_and_another_beside_it(examples: list[Example]) -> None:
    def ask(so_far: list[Episode], *models: str) -> tuple[list[Episode], FakeServer]:
        with FakeServer([says("REASON: I look.\nACTION: look")]) as server:
            evaluation = capped(2, server=ServerParameters(base_url=server.base_url, retries=0, max_tokens=99))
            how = BaselineParameters(react=models, tasks=1)
            return records(play_prompted(*TASKS, examples, so_far, how, evaluation, *HOW, Access())), server

    first, server = ask([], "openai:a")
    names = [episode.policy for episode in first]
    assert names == ["openai:a 0-shot"] * 3 + ["openai:a 2-shot"] * 3
    assert {(call.body["model"], call.body["max_tokens"]) for call in server.calls} == {("a", 99)}
    assert len(server.calls) == 12
    assert ["Example 2" in call.body["messages"][0]["content"] for call in server.calls] == [False] * 6 + [True] * 6
    second, _ = ask(first, "openai:a", "openai:b/c")
    assert [episode.policy for episode in second] == ["openai:b/c 0-shot"] * 3 + ["openai:b/c 2-shot"] * 3


def test_a_dead_server_stops_the_stage_and_what_it_answered_is_kept(examples: list[Example]) -> None:
    script = [*([says("ACTION: look")] * 2), fails(401)]
    with FakeServer(script) as server:
        evaluation = capped(2, server=ServerParameters(base_url=server.base_url, retries=0, concurrency=1))
        how = BaselineParameters(react="openai:a", tasks=1)
        chunks = play_prompted(*TASKS, examples, [], how, evaluation, *HOW, Access())
        assert len(next(chunks).records) == 1
        with pytest.raises(PolicyStopped, match="does not serve the model 'a'"):
            next(chunks)


@pytest.mark.parametrize("given", ["openai:a", ["openai:a"]])
def test_one_policy_to_prompt_or_a_list(given: Any) -> None:
    assert BaselineParameters(react=given).react == ("openai:a",)
    assert BaselineParameters.model_validate({"react": None}).react == ()


def test_all_are_compared_on_the_same_tasks(tiny_base: Path, examples: list[Example]) -> None:
    policy = SavedPolicy("pi_0", 0, tiny_base)
    cloned = records(play_evaluation(policy, *TASKS, [], capped(), *HOW))
    how = BaselineParameters(tasks=2)
    random = records(play_without_model(RANDOM)(*TASKS, [], BaselineParameters(), capped(), TEACHER, *HOW))
    experts = [
        records(play_without_model(player)(*TASKS, [], how, capped(), TEACHER, *HOW))
        for player in (UNPRIVILEGED, PRIVILEGED)
    ]
    with FakeServer([says("ACTION: look")]) as server:
        evaluation = capped(server=ServerParameters(base_url=server.base_url))
        react = BaselineParameters(react="openai:a", tasks=2)
        prompted = records(play_prompted(*TASKS, examples, [], react, evaluation, *HOW, Access()))
    plain = summarize_baselines(*TASKS, random, cloned[:4], prompted, cloned, *experts, how, capped(), 0)
    prices = {"a": Price(prompt=1.0, completion=2.0)}
    table, chart = tabulate_baselines(plain, Access(prices=prices))
    whole = table[table["kind"] == "all"]
    names = ["random", "base", "openai:a 0-shot", "openai:a 2-shot", "behaviour_cloning"]
    names += ["unprivileged_expert", "privileged_expert"]
    assert list(whole[whole["split"] == "validation"]["policy"]) == names
    assert set(whole["split"]) == {"validation", "valid_seen", "valid_unseen"}
    assert set(whole[whole["policy"] != "base"]["episodes"]) == {2}
    free = whole[~whole["held_to_admissible"]]["policy"]
    assert set(free) == {"openai:a 0-shot", "openai:a 2-shot"}
    assert set(whole["max_actions"]) == {3}
    paid = whole[~whole["dollars"].isna()]
    assert set(paid["policy"]) == {"openai:a 0-shot", "openai:a 2-shot"}
    assert set(paid["prompt_tokens"]) == {6 * 100}  # two episodes of three calls
    assert list(paid["dollars"]) == pytest.approx([6 * (100 + 2 * 10) / 1e6] * 6)
    by_type = table[(table["kind"] != "all") & (table["policy"] == "random")]
    assert by_type["episodes"].sum() == 6
    assert [bar.name for bar in chart.data if bar.showlegend][-1] == "privileged expert"


def test_a_reference_names_a_folder_or_a_model_of_a_server(tiny_base: Path) -> None:
    server = ServerParameters(base_url="http://127.0.0.1:9/v1")
    assert named_policy(str(tiny_base), server, Access()) == SavedPolicy("tiny_base", -1, tiny_base)
    served = named_policy("openai:org/model", server, Access())
    assert isinstance(served, RemotePolicy)
    assert (served.id, served.model(0.5).model, served.model(0.5).temperature) == ("openai:org/model", "org/model", 0.5)
    for wrong in ("openai:", "nowhere"):
        with pytest.raises(UnknownPolicy):
            named_policy(wrong, server, Access())


def test_the_pipeline_evaluation_plays_a_model_of_a_server() -> None:
    with FakeServer([says("ACTION: look")]) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=2, server={"base_url": server.base_url})
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]
    assert (summary["policy"], summary["success"]["total"], summary["mean_actions"]) == ("openai:m", 2, 2)
    assert summary["conditions"]["held_to_admissible"] is False
    assert len(server.calls) == 4


SILENT = {
    "empty": (says(""), "empty"),
    "thoughts": (says(None, thoughts="hm"), "evaluation.server.max_tokens"),
    "cut off": (says("<think>REASON: a\nACTION: look\n", finish="length"), "evaluation.server.max_tokens"),
    "too long": (fails(400, "the maximum context length is 9"), "the maximum context length is 9"),
}


@pytest.mark.parametrize("reply", SILENT)
def test_a_model_that_answers_nothing_is_no_result(reply: str) -> None:
    answer, named = SILENT[reply]
    with FakeServer([answer]) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=2, server={"base_url": server.base_url})
        with pytest.raises(NothingAnswered, match=named):
            evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]


def test_it_is_stopped_early_and_asked_again_the_next_time(examples: list[Example]) -> None:
    with FakeServer([says("")]) as server:
        how = BaselineParameters(react="openai:a")
        evaluation = capped(2, server=ServerParameters(base_url=server.base_url, concurrency=1))
        found: list[Episode] = []
        many = BENCHMARK.tasks("valid_seen", 20, 0)
        with pytest.raises(NothingAnswered, match="16 of 16 replies"):
            found.extend(
                episode
                for chunk in play_prompted([], many, examples, [], how, evaluation, *HOW, Access())
                for episode in chunk.records
            )
    with FakeServer([says("ACTION: look")]) as server:
        evaluation = capped(2, server=ServerParameters(base_url=server.base_url))
        rest = records(play_prompted([], many, examples, found, how, evaluation, *HOW, Access()))
    assert [episode.policy for episode in rest].count("openai:a 0-shot") == 20


def test_a_result_that_few_replies_are_missing_of_carries_a_warning() -> None:
    def script(call: Call) -> Reply:
        return says("" if call.number == 0 else "ACTION: look")

    with FakeServer(script) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=2, server={"base_url": server.base_url})
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]
    assert summary["unanswered_share"] == 0.25
    assert "1 of 4 replies" in summary["warning"]


@pytest.mark.parametrize(
    ("text", "warned"), [("I would look around.", "4 of 4 replies have no action"), ("ACTION: look", "")]
)
def test_replies_of_another_form_are_warned_of(text: str, warned: str) -> None:
    with FakeServer([says(text)]) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=2, server={"base_url": server.base_url})
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]
    assert summary["warning"].startswith(warned)
    assert bool(summary["warning"]) == bool(warned)


def test_episodes_that_broke_are_warned_of() -> None:
    def script(call: Call) -> Reply:
        return fails(400, "content rejected") if call.number == 0 else says("ACTION: look")

    with FakeServer(script) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=2, server={"base_url": server.base_url})
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]
    assert summary["infrastructure_errors"] == 1
    assert "1 of 2 episodes broke" in summary["warning"]
    assert "content rejected" in summary["warning"]


def test_a_server_that_refuses_a_temperature_is_said_to_take_its_own(tmp_path: Path) -> None:
    def script(call: Call) -> Reply:
        wrong = "temperature" in call.body
        return fails(400, "temperature must be 1", code="unsupported_value") if wrong else says("ACTION: look")

    with FakeServer(script) as server:
        asked = capped(2, policy="openai:m", split="valid_seen", tasks=1, server={"base_url": server.base_url})
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access(cache=tmp_path))  # type: ignore[arg-type]
    assert summary["conditions"]["temperature"] is None


def test_the_servers_own_temperature_is_a_condition_of_the_result() -> None:
    with FakeServer([says("ACTION: look")]) as server:
        asked = capped(
            2, policy="openai:m", split="valid_seen", tasks=1, temperature=None, server={"base_url": server.base_url}
        )
        (summary,) = evaluate_saved({}, asked, None, *HOW, Access())  # type: ignore[arg-type]
    assert "temperature" not in server.calls[0].body
    assert summary["conditions"]["temperature"] is None


@pytest.mark.slow
def test_a_real_model_is_prompted(language_model_url: str, tmp_path: Path, examples: list[Example]) -> None:
    """What it answers is poor; calls, tokens, cost and cache are not."""
    access = Access(prices={MODEL: Price(prompt=1.0, completion=2.0)}, cache=tmp_path)
    evaluation = capped(2, server=ServerParameters(base_url=language_model_url, concurrency=2, max_tokens=24))
    how = BaselineParameters(react=f"openai:{MODEL}", tasks=1)
    tasks: tuple[list[Task], list[Task]] = (VALIDATION[:1], [])
    played = records(play_prompted(*tasks, examples[:1], [], how, evaluation, *HOW, access))
    zero, few = played
    assert [len(episode.steps) for episode in played] == [2, 2]
    for before, after in zip(zero.steps, few.steps, strict=True):
        assert 200 < before.prompt_tokens < after.prompt_tokens
        assert 0 < after.reply_tokens <= 24
    answers = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    again = records(play_prompted(*tasks, examples[:1], [], how, evaluation, *HOW, access))
    assert [(each.policy, len(each.steps)) for each in again] == [(each.policy, len(each.steps)) for each in played]
    assert answers.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}.items()
    none: list[Episode] = []
    plain = summarize_baselines(*tasks, none, none, played, none, none, none, how, evaluation, 0)
    table, _ = tabulate_baselines(plain, access)
    tokens = [sum(step.prompt_tokens + 2 * step.reply_tokens for step in each.steps) for each in played]
    assert list(table[table["kind"] == "all"]["dollars"]) == pytest.approx([each / 1e6 for each in tokens])
