"""One seed of the realizability ablation, with a training that copies the policy it starts from."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog
from pipelines.stages import run, small_catalog, small_parameters
from recorded import make_summary

from leap_kedro.evaluation.ablation import LevelResult
from leap_kedro.language_models import Access
from leap_kedro.pipelines.ablation import create_pipeline
from leap_kedro.pipelines.ablation.nodes import at_level, sum_up
from leap_kedro.teachers.constrained import LEVELS
from leap_kedro.training import launch
from leap_kedro.training.progress import TrainingResult

NAME = "realizability_ablation"
FEW = {
    "seed": 1,
    "iteration": 7,  # of the loop: the ablation is always about the first
    "correction.privilege": 100,  # likewise
    "data_preparation": {"train": 5, "validation": 2, "test": {"valid_seen": 1, "valid_unseen": 1}},
    "bootstrap.demonstrations": 2,
    "rollout": {"episodes": 4, "max_actions": 3},
    "evaluation.max_actions": 2,
}


@pytest.fixture(scope="module")
def trained() -> list[str]:
    """Names of the folders that were trained into."""
    return []


@pytest.fixture(scope="module")
def catalog(tiny_base: Path, trained: list[str], tmp_path_factory: pytest.TempPathFactory) -> DataCatalog:
    """After the seed 1, beside results of a seed 0."""

    def copy(start: Path, packs: Any, parameters: Any, work: Path, target: Path, **_: Any) -> TrainingResult:
        trained.append(work.parent.name)
        shutil.copytree(start, target, ignore=shutil.ignore_patterns("policy.json", "_SUCCESS"))
        return TrainingResult(3, 30, ((1, 1.0), (3, 0.5)), 0.1, 0, 1)

    data = tmp_path_factory.mktemp("ablation")
    parameters = small_parameters({**FEW, "bootstrap.base": str(tiny_base)})
    catalog = small_catalog(data, parameters, language_models=Access())
    earlier = small_catalog(data, small_parameters({"seed": 0}))
    results = [LevelResult(0, level, (make_summary(1, 6),), {"leak_rate": 0.5}) for level in LEVELS]
    earlier.save("ablation_results", [each.to_json() for each in results])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "train", copy)
        run(create_pipeline(), catalog)
    return catalog


def test_there_is_a_part_for_the_start_one_per_level_and_one_for_the_summary() -> None:
    parts: dict[str, set[str]] = {}
    for node in create_pipeline().nodes:
        namespace = str(node.namespace).split(".")
        parts.setdefault(".".join(namespace[:2]), set()).update(namespace[2:])
    stages = {"correction", "training", "evaluation"}
    expected = {f"{NAME}.level_{level}": stages for level in LEVELS}
    assert parts == {f"{NAME}.start": {"bootstrap", "rollout"}, **expected, f"{NAME}.summary": set()}
    inputs = {name for name in create_pipeline().inputs() if not name.startswith("param")}
    assert inputs == {"language_models", "ablation_history"}


def test_the_levels_correct_the_same_rollouts_each_at_its_own(catalog: DataCatalog, trained: list[str]) -> None:
    rollouts = catalog.load(f"{NAME}.start.rollouts")
    assert {(episode.policy, episode.iteration) for episode in rollouts} == {("pi_0", 1)}
    assert len(rollouts) == 4
    for level in LEVELS:
        corrected = catalog.load(f"{NAME}.level_{level}.corrections")
        assert {each.episode for each in corrected} == {episode.id for episode in rollouts}
        assert {said.privilege for each in corrected for said in each.corrections} == {level}
        assert catalog.load(f"{NAME}.level_{level}.policy").id == "pi_1"
    assert sorted(trained) == sorted(["start", *(f"level_{level}" for level in LEVELS)])


def test_the_results_of_a_seed_begin_with_pi_0(catalog: DataCatalog) -> None:
    results = [LevelResult.from_json(plain) for plain in catalog.load("ablation_results")]
    assert [(each.seed, each.privilege) for each in results] == [(1, None), *((1, level) for level in LEVELS)]
    assert {summary.policy for summary in results[0].evaluations} == {"pi_0"}
    for each in results[1:]:
        splits = {summary.conditions.split: summary.success.total for summary in each.evaluations}
        assert splits == {"validation": 2, "valid_seen": 1, "valid_unseen": 1}
        assert "leak_rate" in each.measures


def test_the_summary_is_over_all_seeds_so_far(catalog: DataCatalog) -> None:
    whole = catalog.load("ablation_table")
    on_validation = whole[whole["split"] == "validation"]
    assert list(on_validation["level"]) == ["pi_0", *(f"{level} %" for level in LEVELS)]
    assert list(on_validation["seeds"]) == [1, *(2 for _ in LEVELS)]
    assert "mean of 1 to 2 seeds" in catalog.load("ablation_figure").layout.title.subtitle.text


def test_seeds_are_summed_up_in_the_order_of_their_numbers() -> None:
    def stored(seed: int, solved: int) -> Any:
        return lambda: [LevelResult(seed, 50, (make_summary(1, solved),), {}).to_json()]

    (level,) = sum_up([], {"seed_10": stored(10, 3), "seed_9": stored(9, 5)})
    assert list(level["splits"][0]["by_seed"].values()) == [0.5, 0.3]


def test_a_level_replaces_that_of_the_parameters() -> None:
    given = small_parameters({"correction.privilege": 100}).correction
    assert at_level(25)(given).privilege == 25
    assert at_level(25)(given).teacher == given.teacher
