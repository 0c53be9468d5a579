"""pi_k, fine-tuned from pi_{k-1} on the mix."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from pipelines.stages import GENERATED, run, small_catalog, small_parameters
from pydantic import ValidationError

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.training import checkpoint_choice, create_pipeline
from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
from leap_kedro.pipelines.training.fine_tuning import NothingToLearn
from leap_kedro.pipelines.training.nodes import split, train_by_method
from leap_kedro.pipelines.training.parameters import (
    DistillParameters,
    DPOParameters,
    GRPOParameters,
    Method,
    TrainingParameters,
)
from leap_kedro.records import Episode, Example, OwnReply, Target, Task, Turn
from leap_kedro.training.parameters import FineTuningParameters

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_in_process")]

Tasks = dict[str, list[Task]]
ONE_STEP = FineTuningParameters(max_steps=1)
OWN = OwnReply("I need a mug. Next is desk 1.", "go to desk 1")
BETTER = Target(0, "I need a mug. Next is drawer 1.", "go to drawer 1", rejected=OWN)


def example(iteration: int, number: int, target: Target = BETTER) -> Example:
    return Example(f"{iteration}/{number}", iteration, "alfworld", "hall", (Turn("look", "x"),), (target,))


@pytest.fixture
def parent(history: History) -> SavedPolicy:
    return history[0].policy()


def catalog_of(data: Path, history: History, tasks: Tasks, changes: dict[str, Any]) -> DataCatalog:
    training_set = [example(0, 0, replace(BETTER, rejected=None)), example(1, 0), example(1, 1)]
    values = {"history": history, "tasks": tasks, "training_set": training_set}
    return small_catalog(data, small_parameters(changes), **values)


def test_the_pipeline_trains_once_and_releases_the_policy(history: History, tasks: Tasks, tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, history, tasks, {"training.fine_tuning": {"max_steps": 2}})
    run(create_pipeline(), catalog)
    report = catalog.load("training_report").report
    assert (report["method"], report["start"], report["examples"], report["steps"]) == ("sft", "pi_0", 3, 2)
    policy = catalog.load("policy")
    assert (policy.id, policy.iteration) == ("pi_1", 1)
    weights = policy.folder / "model.safetensors"
    trained = weights.read_bytes()
    assert trained != (history[0].policy_folder / "model.safetensors").read_bytes()
    before = weights.stat().st_mtime_ns
    run(create_pipeline(), catalog)  # as another runner would, which does not look what is missing
    assert catalog.load("policy") == policy
    assert weights.stat().st_mtime_ns == before


def test_it_can_start_from_the_base_and_repeats_to_the_byte(
    history: History, tasks: Tasks, tiny_base: Path, tmp_path: Path
) -> None:
    told = {"training": {"start": "base"}, "bootstrap.base": str(tiny_base), "fine_tuning.max_steps": 1}
    made = []
    for folder in ("first", "second"):
        catalog = catalog_of(tmp_path / folder, history, tasks, told)
        run(create_pipeline(), catalog)
        assert catalog.load("training_report").report["start"] == "base"
        made.append((catalog.load("policy").folder / "model.safetensors").read_bytes())
    assert made[0] == made[1]


def test_nothing_to_learn_is_told_with_the_parameters_that_help(parent: SavedPolicy, tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match=r"pi_1.*rollout\.episodes.*bootstrap\.demonstrations"):
        train_by_method(parent, [], tmp_path, TrainingParameters(), ONE_STEP, 0, 1)


def test_each_method_trains_on_its_data_and_reports_it(parent: SavedPolicy, tmp_path: Path) -> None:
    unpaired = example(1, 1, replace(BETTER, rejected=None))
    one = {"max_steps": 1, "log_every": 1}
    dpo = DPOParameters(fine_tuning=one)
    own = {"grpo": GRPOParameters(fine_tuning=one), "distill": DistillParameters(fine_tuning=one)}
    reports = {}
    for method in Method:
        how = TrainingParameters(fine_tuning={"max_steps": 2}, method=method, dpo=dpo, **own)
        given = [example(0, 0), example(1, 0), unpaired]
        reports[method], (trained,) = train_by_method(parent, given, tmp_path / method, how, ONE_STEP, 0, 1)
        assert (trained.folder / "model.safetensors").exists()
    assert reports[Method.SFT]["steps"] == reports[Method.SFT_DPO]["steps"] == 2
    assert "dpo" not in reports[Method.SFT]
    assert "steps" not in reports[Method.DPO]
    for method in (Method.DPO, Method.SFT_DPO):
        of_pairs = reports[method]["dpo"]
        assert (of_pairs["steps"], of_pairs["pairs"], of_pairs["replies_alone"]) == (1, 1, 1)
        assert of_pairs["preference"]["rewards/margins"] == pytest.approx(0, abs=1e-4)  # before the first step
    for method in (Method.GRPO, Method.DISTILL):
        assert (reports[method]["steps"], reports[method]["examples"]) == (1, 3)
        assert "dpo" not in reports[method]
    assert reports[Method.GRPO]["objective"]["objective/clipped_share"] == 0  # before the first step
    assert reports[Method.GRPO]["losses"] == ((1, pytest.approx(-1)),)  # minus the advantage
    assert reports[Method.DISTILL]["losses"] == ((1, pytest.approx(0, abs=1e-6)),)  # nothing is secret here
    only_pairs = TrainingParameters(method="dpo", dpo=dpo)
    with pytest.raises(NothingToLearn, match=r"pi_1.* 0 are what .* 1 answer .*training\.method=sft"):
        train_by_method(parent, [unpaired], tmp_path, only_pairs, ONE_STEP, 0, 1)


def test_rollouts_that_show_nothing_leave_the_policy_as_it_is(parent: SavedPolicy, tmp_path: Path) -> None:
    report, (kept,) = train_by_method(parent, [], tmp_path, TrainingParameters(method="grpo"), ONE_STEP, 0, 1)
    assert (report["start"], report["examples"], kept.id) == ("pi_0", 0, "pi_1")
    weights = [(policy.folder / "model.safetensors").read_bytes() for policy in (parent, kept)]
    assert weights[0] == weights[1]


@pytest.fixture(scope="module")
def checkpoints(
    history: History, training_in_process: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[SavedPolicy], int]:
    """Report of a training whose last checkpoint is not the best; both; and how many examples it was to learn from."""
    four = {"max_steps": 4, "learning_rate": 1.0, "warmup_steps": 0, "checkpoint_every": 1, "packing": "tree"}
    how = TrainingParameters(fine_tuning=four, validation_share=0.4)
    examples = [replace(example(0, number), episode=f"0/task {number // 2}/s{number}") for number in range(40)]
    learnt, held_out = split(examples, 0.4)
    assert len(held_out) in range(8, 24, 2)
    workspace = tmp_path_factory.mktemp("workspace")
    report, trained = train_by_method(history[0].policy(), examples, workspace, how, ONE_STEP, 0, 1)
    return report, trained, len(learnt)


def test_checkpoints_are_validated_on_tasks_that_are_not_learnt(
    checkpoints: tuple[dict[str, Any], list[SavedPolicy], int],
) -> None:
    report, trained, learnt = checkpoints
    assert [step for step, _ in report["validation"]] == [1, 2, 3, 4]
    assert report["examples"] == learnt
    assert [each.folder.name for each in trained] == ["policy", "policy_best"]


@pytest.mark.parametrize(("best_solves", "kept"), [(False, "last"), (True, "best")])
def test_the_last_checkpoint_and_the_best_play_and_the_better_player_is_the_policy(
    checkpoints: tuple[dict[str, Any], list[SavedPolicy], int],
    tasks: Tasks,
    monkeypatch: pytest.MonkeyPatch,
    best_solves: bool,
    kept: str,
) -> None:
    _, trained, _ = checkpoints
    really = checkpoint_choice.play

    def play(player: SavedPolicy, *rest: Any, **more: Any) -> Iterator[Episode]:
        for episode in really(player, *rest, **more):
            yield replace(episode, success=best_solves and player == trained[1])

    monkeypatch.setattr(checkpoint_choice, "play", play)
    how = EvaluationParameters(max_actions=1, processes=1, slots=2), None, ComputeParameters(), "alfworld", GENERATED, 0
    found, policy = choose_checkpoint(trained, tasks["validation"][:2], *how)
    assert policy == trained[["last", "best"].index(kept)]
    assert found["checkpoints"]["kept"] == kept
    none = {"success": 0.0, "low": 0.0, "high": 0.658, "episodes": 2}
    assert found["checkpoints"]["last"] == pytest.approx(none, abs=1e-3)
    assert found["checkpoints"]["best"]["success"] == float(best_solves)


def test_a_single_checkpoint_does_not_play(parent: SavedPolicy) -> None:
    how = EvaluationParameters(max_actions=1), None, ComputeParameters(), "alfworld", GENERATED, 0
    assert choose_checkpoint([parent], [], *how) == ({}, parent)


def test_a_wrong_budget_of_the_preferences_is_named() -> None:
    dpo = DPOParameters(fine_tuning={"max_steps": 1, "epochs": 1})
    with pytest.raises(ValidationError, match=r"exactly one budget(.|\n)*got max_steps and epochs"):
        TrainingParameters(method="dpo", dpo=dpo).preferences(ONE_STEP, 0)
