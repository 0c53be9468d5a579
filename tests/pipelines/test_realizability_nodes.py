"""Nodes of realizability, with a tiny random policy."""

import json
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import pytest
from recorded import VALIDATION, make_episode

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.alfworld import build_benchmark
from leap_kedro.evaluation.success import summarize
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.correction.nodes import build_examples, correct
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherParameters
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.realizability.measures import (
    held_out_examples,
    measure_privilege_divergence,
    score_policies,
)
from leap_kedro.pipelines.realizability.nodes import measure_experts, measure_realizability, recall_policies
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.records import CorrectedEpisode, Episode, Task
from leap_kedro.records.episode import task_of
from leap_kedro.teachers.demonstrations import demonstrations

GENERATED: dict[str, Any] = {"alfworld": {"source": "generated"}}
HOW = ("alfworld", GENERATED)
TEACHING = CorrectionParameters(privilege=75, teacher=TeacherParameters(expert="surfaces"))
BENCHMARK = build_benchmark(GENERATED["alfworld"])
SAMPLES = RealizabilityParameters(episodes=3)


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return BENCHMARK.tasks("train", 6, 0)


@pytest.fixture(scope="module")
def rollouts(tasks: list[Task]) -> list[Episode]:
    played = demonstrations(BENCHMARK, tasks, "surfaces", max_actions=6, noise=0.4, seed=7)
    return [replace(each.episode, iteration=1) for each in played]


@pytest.fixture(scope="module")
def corrections(rollouts: list[Episode], tiny_base: Path) -> list[CorrectedEpisode]:
    student = SavedPolicy("pi_0", 0, tiny_base)
    return [
        record
        for chunk in correct(rollouts, [], student, {}, Access(), TEACHING, ServerParameters(), *HOW)
        for record in chunk.records
    ]


@pytest.fixture
def policies(tiny_base: Path) -> list[SavedPolicy]:
    return [SavedPolicy(f"pi_{k}", k, tiny_base) for k in (0, 1)]


def test_the_experts_play_the_validation_tasks_under_the_cap_of_the_policies(tasks: list[Task]) -> None:
    found = measure_experts(tasks, TEACHING, EvaluationParameters(max_actions=40), *HOW)
    assert found["privileged_expert"]["rate"] == 1
    assert found["teacher"]["count"] >= found["unprivileged_expert"]["count"]
    assert {each["total"] for each in found.values()} == {6}
    none = measure_experts(tasks, TEACHING, EvaluationParameters(max_actions=1), *HOW)
    assert {each["count"] for each in none.values()} == {0}


def test_policies_are_those_up_to_the_newest(policies: list[SavedPolicy]) -> None:
    pi_0, pi_1 = policies
    assert recall_policies(pi_0, {0: pi_0, 1: pi_1}, pi_1, 1) == [pi_0, pi_1]
    pi_2 = replace(pi_1, id="pi_2", iteration=2)
    assert recall_policies(pi_0, {0: pi_0, 1: pi_1}, pi_2, 2) == [pi_0, pi_1, pi_2]


def test_all_quantities_of_an_iteration(
    rollouts: list[Episode], corrections: list[CorrectedEpisode], policies: list[SavedPolicy]
) -> None:
    evaluation = [summarize([make_episode(0), make_episode(1, success=False)], VALIDATION, "pi_1", 1).to_json()]
    share = 0.6
    examples = build_examples(rollouts, corrections, TEACHING)

    def measured() -> dict[str, Any]:
        return measure_realizability(
            rollouts,
            corrections,
            examples,
            policies,
            evaluation,
            {"teacher": None},
            TEACHING,
            AggregationParameters(held_out_share=share),
            SAMPLES,
            *HOW,
            seed=0,
        )

    found = measured()
    assert found == measured() == json.loads(json.dumps(found))
    assert (found["success"]["student"]["count"], found["success"]["teacher"]) == (1, None)
    assert 0 < found["recoverability"]["decisions"] <= 18
    assert 0 < found["swap_test"]["action_changed"] <= 1
    assert found["leak_rate"]["total"] == sum(len(each.corrections) for each in corrections)
    held_out = [example for example in examples if is_held_out(task_of(example.episode), share)]
    assert 0 < len(held_out) < len(examples)
    (scores, _) = score_policies(policies, held_out, 1)
    after = found["gap"]["after"]
    assert after["replies"] == sum(len(example.targets) for example in held_out) == len(scores)
    assert after["l1"] == pytest.approx(sum(2 * (1 - exp(each.logprob)) for each in scores) / len(scores))
    assert found["gap"]["before"] == after  # the same weights
    assert found["gap"]["after_on_changes"]["replies"] < after["replies"]
    assert found["regret"] == {"cross_entropy": 0, "l1": 0}


def test_where_nothing_is_held_out_there_is_no_gap(
    rollouts: list[Episode], corrections: list[CorrectedEpisode], policies: list[SavedPolicy]
) -> None:
    examples = build_examples(rollouts, corrections, TEACHING)
    found = measure_realizability(
        rollouts,
        corrections,
        examples,
        policies,
        [],
        {},
        TEACHING,
        AggregationParameters(held_out_share=0),
        SAMPLES,
        *HOW,
        0,
    )
    assert found["gap"] == {"after": None, "after_on_changes": None, "before": None}
    assert found["regret"] is None
    assert found["recoverability"]
    assert len(held_out_examples(examples, 0.99, 2)) == 2


def test_a_policy_that_is_told_nothing_does_not_diverge_from_itself(
    rollouts: list[Episode], corrections: list[CorrectedEpisode], policies: list[SavedPolicy]
) -> None:
    def divergence(privilege: int) -> float | None:
        return measure_privilege_divergence(BENCHMARK, policies[0], rollouts, corrections, privilege, 1)

    assert divergence(0) == pytest.approx(0, abs=1e-9)
    told = divergence(50)
    assert told is not None
    assert told != pytest.approx(0, abs=1e-3)
