"""The quantities of the theory for one iteration, with a tiny random policy."""

import json
from math import exp
from pathlib import Path
from typing import Any

import pytest
from pipelines.stages import GENERATED, finished, run, small_catalog, small_parameters
from recorded import VALIDATION, make_episode

from leap_kedro.compute import ComputeParameters
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.evaluation.success import summarize
from leap_kedro.language_models import Access
from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.correction.nodes import correct
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.realizability import create_pipeline
from leap_kedro.pipelines.realizability.measures import (
    held_out_examples,
    measure_privilege_divergence,
    score_policies,
)
from leap_kedro.pipelines.realizability.nodes import measure_experts, measure_gap
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.records import CorrectedEpisode, Episode, Example, Task
from leap_kedro.records.episode import task_of

HOW = ("alfworld", GENERATED)
TEACHING = small_parameters({"correction.privilege": 75}).correction
SHARE = 0.6


@pytest.fixture(scope="module")
def corrections(rollouts: list[Episode], history: History) -> list[CorrectedEpisode]:
    server = small_parameters().server
    return list(correct(rollouts, history, {}, Access(), TEACHING, server, ComputeParameters(), *HOW, iteration=1)([]))


@pytest.fixture(scope="module")
def examples(rollouts: list[Episode], corrections: list[CorrectedEpisode]) -> list[Example]:
    return build_examples(rollouts, corrections, TEACHING)


def test_the_pipeline_measures_all_quantities_of_an_iteration(
    rollouts: list[Episode],
    corrections: list[CorrectedEpisode],
    examples: list[Example],
    history: History,
    tasks: dict[str, list[Task]],
    tmp_path: Path,
) -> None:
    changes = {
        "correction.privilege": 75,
        "aggregation.held_out_share": SHARE,
        "realizability.episodes": 3,
        "evaluation.max_actions": 1,
    }
    evaluation = [summarize([make_episode(0), make_episode(1, success=False)], VALIDATION, "pi_1", 1).to_json()]
    values: dict[str, Any] = {
        "rollouts": rollouts,
        "corrections": corrections,
        "history": {**history, 1: history[0]},  # a later iteration, which is none of this one's business
        "policy": history[0].policy(),
        "evaluation": evaluation,
        "tasks": tasks,
    }
    found = []
    for folder in ("first", "second"):
        catalog = small_catalog(tmp_path / folder, small_parameters(changes), **values)
        run(create_pipeline(), catalog)
        found.append(catalog.load("realizability"))
    measured, again = found
    assert measured == again
    assert measured["success"]["student"]["count"] == 1
    assert {measured["success"][name]["count"] for name in measured["success"] if name != "student"} == {0}
    assert 0 < measured["recoverability"]["decisions"] <= 18
    assert 0 < measured["swap_test"]["action_changed"] <= 1
    assert measured["leak_rate"]["total"] == sum(len(each.corrections) for each in corrections)
    held_out = [example for example in examples if is_held_out(task_of(example.episode), SHARE)]
    assert 0 < len(held_out) < len(examples)
    (scores,) = score_policies([history[0].policy()], held_out, 1)
    after = measured["gap"]["after"]
    assert after["replies"] == sum(len(example.targets) for example in held_out) == len(scores)
    assert after["l1"] == pytest.approx(sum(2 * (1 - exp(each.logprob)) for each in scores) / len(scores))
    assert measured["gap"]["before"] == after  # the same weights
    assert measured["gap"]["after_on_changes"]["replies"] < after["replies"]
    assert measured["regret"] == {"cross_entropy": 0, "l1": 0}
    assert measured["privilege_divergence"] is None
    cost, gap = measured["recoverability"], after["l1"]
    assert measured["bound"] == {
        "teacher": 1,
        "student": measured["success"]["student"]["rate"] * len(make_episode(0).steps) + 0.5 * VALIDATION.max_actions,
        "allowed": pytest.approx(1 + VALIDATION.max_actions * cost["mean"] * gap),
        "allowed_by_maximum": pytest.approx(1 + VALIDATION.max_actions * cost["maximum"] * gap),
    }
    assert json.loads(json.dumps(measured)) == measured


def test_the_experts_play_the_validation_tasks_under_the_cap_of_the_policies(tasks: dict[str, list[Task]]) -> None:
    found = measure_experts(tasks, TEACHING, EvaluationParameters(max_actions=40), ComputeParameters(), *HOW)
    solved = {name: sum(episode.success for episode in episodes) for name, episodes in found.items()}
    assert solved["privileged_expert"] == 3
    assert solved["teacher"] >= solved["unprivileged_expert"]
    assert {len(episodes) for episodes in found.values()} == {3}


def test_where_nothing_is_held_out_there_is_no_gap(
    corrections: list[CorrectedEpisode], examples: list[Example], tiny_base: Path, tmp_path: Path
) -> None:
    policies = [finished(tmp_path, k, tiny_base).policy() for k in (0, 1)]
    nothing = AggregationParameters(held_out_share=0)
    assert measure_gap(corrections, examples, policies, nothing, RealizabilityParameters()) == {
        "gap": {"after": None, "after_on_changes": None, "before": None},
        "regret": None,
    }
    assert len(held_out_examples(examples, 0.99, 2)) == 2


def test_a_policy_that_is_told_nothing_does_not_diverge_from_itself(
    benchmark: Benchmark, rollouts: list[Episode], corrections: list[CorrectedEpisode], history: History
) -> None:
    def divergence(privilege: int) -> float | None:
        few = rollouts[:3]
        return measure_privilege_divergence(benchmark, history[0].policy(), few, corrections, privilege, 1)

    assert divergence(0) == pytest.approx(0, abs=1e-9)
    told = divergence(50)
    assert told is not None
    assert told != pytest.approx(0, abs=1e-3)
