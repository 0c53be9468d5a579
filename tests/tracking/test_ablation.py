"""The runs of an ablation: one of its own, called `start` in the catalog, and one per privilege level."""

from typing import Any

import pytest
from kedro.pipeline import Node, Pipeline
from look import Look
from project import SmallProject, examples, training_report
from recorded import make_summary

from leap_kedro.evaluation.ablation import LevelResult, summarize_levels
from leap_kedro.training.losses import append_loss

pytestmark = pytest.mark.slow

OUTPUTS = [
    "realizability_ablation.start.examples",
    "realizability_ablation.start.evaluation",
    "realizability_ablation.level_50.training_report",
    "realizability_ablation.level_50.evaluation",
    "ablation_summary",
]


def seed_of_an_ablation(seed: int) -> Pipeline:
    """One node that makes the results of a seed and the summary of the seeds so far."""

    def train(workspace: Any) -> dict[str, Any]:
        append_loss(workspace, 10, 1.5)
        return training_report()

    def ablate() -> tuple[Any, ...]:
        pi_0 = make_summary(0, 5)
        taught = [make_summary(1, 6 + 2 * each) for each in range(seed + 1)]
        results = [LevelResult(each, 50, (taught[each],), {"leak_rate": 0.1}) for each in range(seed + 1)]
        summary = [level.to_json() for level in summarize_levels(results)]
        return examples(0), [pi_0.to_json()], train, [taught[seed].to_json()], summary

    return Pipeline([Node(ablate, None, OUTPUTS, name="ablate")])


@pytest.mark.filterwarnings("ignore:One or more dataset names contain '.'")
def test_the_seeds_of_an_ablation_share_its_runs(
    project: SmallProject, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.parameters["correction"] = {"privilege": 30}
    for seed in (0, 1):
        project.parameters["seed"] = seed
        monkeypatch.setattr(project, "pipeline", lambda _, seed=seed: seed_of_an_ablation(seed))
        project.run(1, "realizability_ablation", nodes=("ablate",))
    runs = look.runs()
    assert runs.keys() == {"ablation", "privilege_level"}
    ablation, level = runs["ablation"], runs["privilege_level"]
    assert level.data.tags["mlflow.parentRunId"] == ablation.info.run_id
    assert look.statuses() == {"FINISHED"}

    # Each run has only the parameters that hold for all its seeds.
    assert level.data.params["correction.privilege"] == "50"
    assert not {"iteration", "seed"} & {*level.data.params, *ablation.data.params}
    assert "correction.privilege" not in ablation.data.params

    # The seed is the step; losses, whose steps are the optimizer's, are left out.
    assert look.history("ablation", "pi_0/success/validation") == [(0, 0.5), (1, 0.5)]
    assert look.history("privilege_level", "success/validation") == [(0, 0.6), (1, 0.8)]
    assert look.history("privilege_level", "training/steps") == [(0, 20), (1, 20)]
    assert "training/losses" not in level.data.metrics
    assert {entry.dataset.name for entry in ablation.inputs.dataset_inputs} == {"start of seed 0", "start of seed 1"}

    # Means: by level on the ablation, by number of seeds on the level.
    assert look.history("ablation", "mean_of_2_seeds/success/validation") == [(50, 0.7)]
    assert look.history("privilege_level", "mean/success/validation") == [(1, 0.6), (2, 0.7)]
    assert "| 50 % | 70.0%" in ablation.data.tags["mlflow.note.content"]
