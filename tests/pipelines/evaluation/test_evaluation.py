"""A policy on tasks that no training has seen."""

from dataclasses import replace
from pathlib import Path

import pytest
from kedro.io import DataCatalog
from pipelines.stages import run, small_catalog, small_parameters
from recorded import TEST, make_episode, make_step, make_summary

from leap_kedro.datasets.history import Iteration
from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.pipelines.evaluation import create_champion_pipeline, create_pipeline
from leap_kedro.pipelines.evaluation.conditions import conditions
from leap_kedro.pipelines.evaluation.nodes import first_of_each_split, summarize_evaluation
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History
from leap_kedro.records import Episode, StopReason, Task

Tasks = dict[str, list[Task]]


@pytest.fixture(scope="module")
def catalog(tasks: Tasks, history: History, tmp_path_factory: pytest.TempPathFactory) -> DataCatalog:
    """After an evaluation of pi_0 as pi_1."""
    few = small_parameters({"evaluation": {"max_actions": 2, "max_reply_tokens": 24}})
    policy = replace(history[0].policy(), id="pi_1", iteration=1)
    catalog = small_catalog(tmp_path_factory.mktemp("evaluation"), few, tasks=tasks, policy=policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ALFWorld, "oracle", lambda _: pytest.fail("an evaluation asked for the privileged side"))
        run(create_pipeline(), catalog)
    return catalog


def test_each_validation_and_test_task_is_played_once(catalog: DataCatalog, tasks: Tasks) -> None:
    episodes: list[Episode] = catalog.load("evaluation_episodes")
    assert sorted(each.task.id for each in episodes) == sorted(
        task.id for split in ("validation", "test") for task in tasks[split]
    )
    assert {(each.policy, each.iteration, len(each.steps)) for each in episodes} == {("pi_1", 1, 2)}


def test_each_split_is_reported_apart(catalog: DataCatalog) -> None:
    found = {
        plain["conditions"]["split"]: (plain["conditions"]["role"], plain["success"]["total"])
        for plain in catalog.load("evaluation")
    }
    assert found == {"validation": ("validation", 3), "valid_seen": ("test", 1), "valid_unseen": ("test", 2)}
    first = catalog.load("evaluation")[0]
    assert (first["policy"], first["iteration"]) == ("pi_1", 1)
    measured = {"data_source": "generated", "text_version": "2.1.1", "max_actions": 2, "held_to_admissible": True}
    assert measured.items() <= first["conditions"].items()


def test_an_episode_that_was_played_again_counts_once() -> None:
    broken = make_episode(0, False, (), StopReason.POLICY_ERROR)
    tasks = {"validation": [broken.task], "test": []}
    (summary,) = summarize_evaluation([broken, make_episode(0)], tasks, EvaluationParameters(max_actions=3), 0)
    assert (summary["success"]["count"], summary["infrastructure_errors"]) == (1, 0)
    assert summarize_evaluation([], tasks, EvaluationParameters(max_actions=3), 0) == []


def test_a_result_is_held_to_a_list_only_where_there_is_one() -> None:
    episode = make_episode()
    unlisted = replace(episode, steps=tuple(replace(step, admissible=None) for step in episode.steps))
    how = EvaluationParameters(max_actions=3)
    held = [
        conditions("valid_seen", TEST.role, episodes, how, 0, given).held_to_admissible
        for episodes, given in (([episode], None), ([episode], False), ([unlisted], None))
    ]
    assert held == [True, False, False]


def test_a_served_result_is_held_if_most_of_its_replies_were() -> None:
    def told(*held: bool | None, **more: bool) -> tuple[bool, bool]:
        steps = tuple(make_step(held=each) for each in held)
        how = EvaluationParameters(max_actions=3, hold_to_admissible=True)
        found = conditions("valid_seen", TEST.role, [make_episode(steps=steps)], how, 0, **more)
        return found.held_to_admissible, found.shown_admissible

    assert told(True, True, False) == (True, False)
    assert told(True, False) == (False, False)
    assert told(True, prompted=True) == (True, True)
    assert told(None, prompted=True) == (False, True)  # played before servers could hold replies


def test_the_base_model_plays_the_first_tasks_of_each_split(tasks: Tasks) -> None:
    seen, first_unseen, _ = tasks["test"]
    assert first_of_each_split(tasks["test"], 1) == [seen, first_unseen]
    assert first_of_each_split(tasks["test"], None) == tasks["test"]


def test_the_champion_is_the_best_on_validation_tasks_of_the_iterations_so_far(tmp_path: Path) -> None:
    def past(iteration: int, *solved: int) -> Iteration:
        results = [make_summary(iteration, solved[0]), make_summary(iteration, solved[1], conditions=TEST)]
        return Iteration({"evaluations": [result.to_json() for result in results]}, tmp_path, tmp_path)

    base = make_summary(None, 10, policy="base").to_json()
    start = past(0, 5, 9)
    history = {0: Iteration({"evaluations": [base, *start.evaluations]}, tmp_path, tmp_path), 1: past(1, 8, 0)}
    newest = [make_summary(2, 7).to_json(), make_summary(2, 10, conditions=TEST).to_json()]
    catalog = small_catalog(tmp_path, small_parameters(iteration=2), history=history, evaluation=newest)
    run(create_champion_pipeline(), catalog)
    chosen = catalog.load("champion")
    assert (chosen["policy"], chosen["iteration"], chosen["success"], chosen["episodes"]) == ("pi_1", 1, 0.8, 10)
    assert chosen["low"] < 0.8 < chosen["high"]
