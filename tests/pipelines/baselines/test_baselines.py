"""Other players on the tasks that the loop's policies are evaluated on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from language_models.fake_server import FakeServer, fails, says
from pipelines.stages import GENERATED, run, small_catalog, small_parameters

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.language_models import Access, Price, ServerParameters
from leap_kedro.pipelines.baselines import create_pipeline
from leap_kedro.pipelines.baselines.comparing import summarize_baselines
from leap_kedro.pipelines.baselines.nodes import (
    PRIVILEGED,
    RANDOM,
    UNPRIVILEGED,
    NoExamples,
    choose_examples,
    play_prompted,
    play_without_model,
)
from leap_kedro.pipelines.baselines.parameters import BaselineOptions
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.episodes import NothingAnswered
from leap_kedro.pipelines.evaluation.nodes import play_evaluation
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.records import Episode, Task

Tasks = dict[str, list[Task]]
HOW = ("alfworld", GENERATED, 0)
NAMES = ["random", "base", "openai:a 0-shot", "openai:a 2-shot", "behaviour_cloning"]
NAMES += ["unprivileged_expert", "privileged_expert"]


def capped(actions: int = 3, **more: Any) -> EvaluationParameters:
    return EvaluationParameters(max_actions=actions, max_reply_tokens=24, **more)


def bootstrap(**changes: Any) -> BootstrapParameters:
    values: dict[str, Any] = {"demonstrator": "surfaces", "demonstrations": 4, "noise": 0.0, "max_actions": 50}
    return BootstrapParameters(**{**values, **changes})


def own_nodes() -> Pipeline:
    """The nodes of the pipeline, without those that make what the loop starts from."""
    return create_pipeline().only_nodes_with_namespaces(["baselines"])


def test_examples_are_solved_training_tasks_of_different_types(tasks: Tasks) -> None:
    examples = choose_examples(tasks, {}, bootstrap(), *HOW)
    train = {task.id: task for task in tasks["train"]}
    kinds = [train[example.episode.split("/", 1)[1].rpartition("/")[0]].kind for example in examples]
    assert len(set(kinds)) == len(kinds) == 2
    for example in examples:
        assert [target.action for target in example.targets] == [turn.action for turn in example.turns]
        assert all(target.reason for target in example.targets)


def test_too_few_examples_are_refused_with_the_parameters_that_help(tasks: Tasks) -> None:
    with pytest.raises(NoExamples, match=r"solves 0 of 6 .*`options\.examples`.*`bootstrap\.max_actions`"):
        choose_examples(tasks, {}, bootstrap(max_actions=1), *HOW)


@pytest.mark.parametrize("player", [RANDOM, UNPRIVILEGED, PRIVILEGED])
def test_what_is_missing_is_played_and_nothing_twice(player: str, tasks: Tasks) -> None:
    def play(so_far: list[Episode], **options: Any) -> list[Episode]:
        correction = small_parameters().correction
        return list(play_without_model(player)(tasks, options, capped(), correction, *HOW)(so_far))

    two = play([], tasks=1)
    assert {episode.policy for episode in two} == {player}
    assert [episode.task.split for episode in two] == ["train", "valid_seen", "valid_unseen"]
    rest = play(two)
    assert {episode.task.id for episode in rest} == {
        *(task.id for task in tasks["validation"][1:]),
        tasks["test"][2].id,
    }
    assert play([*two, *rest]) == []


def prompted(
    server: FakeServer, tasks: Tasks, so_far: list[Episode], *models: str, count: int | None = 1, **more: Any
) -> Iterator[Episode]:
    at = ServerParameters(base_url=server.base_url, retries=0, max_tokens=99, **more)
    options = {"policies": models, "tasks": count}
    return iter(
        play_prompted(tasks, options, capped(2), bootstrap(), at, None, ComputeParameters(), *HOW, Access())(so_far)
    )


def test_a_prompted_policy_plays_zero_shot_then_few_shot_and_another_beside_it(tasks: Tasks) -> None:
    with FakeServer([says("REASON: I look.\nACTION: look")]) as server:
        first = list(prompted(server, tasks, [], "openai:a"))
    assert [episode.policy for episode in first] == ["openai:a 0-shot"] * 3 + ["openai:a 2-shot"] * 3
    assert {(call.body["model"], call.body["max_tokens"]) for call in server.calls} == {("a", 99)}
    assert len(server.calls) == 12
    assert ["Example 2" in call.body["messages"][0]["content"] for call in server.calls] == [False] * 6 + [True] * 6
    with FakeServer([says("ACTION: look")]) as server:
        second = list(prompted(server, tasks, first, "openai:a", "openai:b/c"))
    assert [episode.policy for episode in second] == ["openai:b/c 0-shot"] * 3 + ["openai:b/c 2-shot"] * 3


def test_where_nobody_is_prompted_no_examples_are_needed(tasks: Tasks) -> None:
    unsolvable = bootstrap(max_actions=1)
    none = play_prompted(
        tasks, {}, capped(2), unsolvable, ServerParameters(), None, ComputeParameters(), *HOW, Access()
    )
    assert list(none([])) == []


def test_a_dead_server_stops_the_stage_and_what_it_answered_comes_before(tasks: Tasks) -> None:
    with FakeServer([*([says("REASON: a\nACTION: look")] * 2), fails(401)]) as server:
        missing = prompted(server, tasks, [], "openai:a", concurrency=1)
        assert next(missing).policy == "openai:a 0-shot"
        with pytest.raises(PolicyStopped, match="the model 'a'"):
            next(missing)


def test_a_silent_server_is_given_up_early_and_asked_again_the_next_time(benchmark: Benchmark, tasks: Tasks) -> None:
    twenty = {"train": tasks["train"], "validation": [], "test": benchmark.tasks("valid_seen", 20, 0)}
    found: list[Episode] = []
    with FakeServer([says("")]) as server, pytest.raises(NothingAnswered, match="16 of 16 replies"):
        found.extend(prompted(server, twenty, [], "openai:a", count=None, concurrency=1))
    with FakeServer([says("ACTION: look")]) as server:
        rest = prompted(server, twenty, found, "openai:a", count=None)
        assert [episode.policy for episode in rest].count("openai:a 0-shot") == 20


@pytest.mark.parametrize("given", ["openai:a", ["openai:a"]])
def test_one_policy_to_prompt_or_a_list(given: Any) -> None:
    assert BaselineOptions(policies=given).policies == ("openai:a",)
    assert BaselineOptions.model_validate({"policies": None}).policies == ()


@pytest.fixture(scope="module")
def catalog(tasks: Tasks, history: History, tmp_path_factory: pytest.TempPathFactory) -> DataCatalog:
    """After a comparison of all players on two tasks of each split, beside evaluations of base and pi_0 on more."""

    def evaluated(policy: SavedPolicy) -> list[Episode]:
        return list(play_evaluation(policy, tasks, capped(), None, ComputeParameters(), *HOW)([]))

    pi_0 = history[0].policy()
    base = SavedPolicy("base", -1, pi_0.folder)
    with FakeServer([says("ACTION: look")]) as server:
        parameters = small_parameters(
            {
                "evaluation": {"max_actions": 3},
                "bootstrap.max_actions": 50,
                "server.base_url": server.base_url,
                "options": {"policies": ["openai:a"], "tasks": 2},
            }
        )
        catalog = small_catalog(
            tmp_path_factory.mktemp("baselines"),
            parameters,
            tasks=tasks,
            base_evaluation_episodes=evaluated(base),
            pi_0_evaluation_episodes=evaluated(pi_0),
            language_models=Access(prices={"a": Price(prompt=1.0, completion=2.0)}),
        )
        run(own_nodes(), catalog)
    return catalog


def test_all_are_compared_on_the_same_tasks(catalog: DataCatalog, tasks: Tasks) -> None:
    table = catalog.load("baselines_table")
    whole = table[table["kind"] == "all"]
    assert list(whole[whole["split"] == "validation"]["policy"]) == NAMES
    expected = {"validation": 2, "valid_seen": 1, "valid_unseen": 2}
    for name in NAMES:
        of_policy = whole[whole["policy"] == name]
        assert dict(zip(of_policy["split"], of_policy["episodes"], strict=True)) == expected
    assert set(whole["max_actions"]) == {3}
    assert set(whole[~whole["held_to_admissible"]]["policy"]) == {"openai:a 0-shot", "openai:a 2-shot"}
    by_type = table[(table["kind"] != "all") & (table["policy"] == "random")]
    assert by_type["episodes"].sum() == 5


def test_what_was_paid_for_has_tokens_and_dollars(catalog: DataCatalog) -> None:
    table = catalog.load("baselines_table")
    paid = table[(table["kind"] == "all") & ~table["dollars"].isna() & (table["split"] == "validation")]
    assert set(paid["policy"]) == {"openai:a 0-shot", "openai:a 2-shot"}
    assert set(paid["prompt_tokens"]) == {6 * 100}  # two episodes of three calls
    assert list(paid["dollars"]) == pytest.approx([6 * (100 + 2 * 10) / 1e6] * 2)


def test_the_figure_ends_with_the_upper_bound(catalog: DataCatalog) -> None:
    figure = catalog.load("baselines_figure")
    assert [bar.name for bar in figure.data if bar.showlegend][-1] == "privileged expert"


def test_players_have_stores_apart_from_those_of_the_loop(catalog: DataCatalog) -> None:
    stores = [f"{player}_episodes" for player in (RANDOM, UNPRIVILEGED, PRIVILEGED, "prompted")]
    folders = {Path(catalog.get(store)._describe()["filepath"]).parent.name for store in stores}
    assert folders == {"baselines"}


def test_episodes_on_other_tasks_are_not_compared(tasks: Tasks, history: History) -> None:
    cloned = list(play_evaluation(history[0].policy(), tasks, capped(), None, ComputeParameters(), *HOW)([]))
    none: list[Episode] = []
    found = summarize_baselines(tasks, none, none, none, cloned, none, none, {"tasks": 1}, capped(), 0)
    totals = {each["conditions"]["split"]: each["success"]["total"] for each in found}
    assert totals == {"validation": 1, "valid_seen": 1, "valid_unseen": 1}
