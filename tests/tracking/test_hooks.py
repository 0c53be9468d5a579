import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from project import SmallProject

from leap_kedro.tracking.models import retire_aliases
from leap_kedro.tracking.parameters import REDACTED
from leap_kedro.tracking.runs import ITERATION_TAG, KIND_TAG, ExperimentRuns


class Look:
    """What a user of the server sees."""

    def __init__(self, uri: str) -> None:
        from mlflow import MlflowClient

        self.client = MlflowClient(uri)

    @property
    def mlflow_experiment(self) -> str:
        return self.client.get_experiment_by_name("leap_kedro").experiment_id

    def runs(self) -> dict[str, Any]:
        found = self.client.search_runs([self.mlflow_experiment])
        return {run.data.tags[KIND_TAG] + run.data.tags.get(ITERATION_TAG, ""): run for run in found}

    def history(self, run: str, key: str) -> list[tuple[int, float]]:
        metrics = self.client.get_metric_history(self.runs()[run].info.run_id, key)
        return sorted((metric.step, metric.value) for metric in metrics)


@pytest.fixture
def look(tracking_server: str) -> Look:
    return Look(tracking_server)


@pytest.fixture
def project(tmp_path: Path, tracking_server: str) -> SmallProject:
    return SmallProject(tmp_path / "project")


def test_an_experiment_in_mlflow(project: SmallProject, look: Look) -> None:
    project.run(1)
    project.run(2)

    runs = look.runs()
    parent, first, second = runs["experiment"], runs["iteration1"], runs["iteration2"]
    assert len(runs) == 3
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert first.data.tags["mlflow.parentRunId"] == parent.info.run_id

    # Metrics: on the iteration's run, and by iteration on the parent; pi_0's there alone, the base beside the curve.
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5), (1, 0.9), (2, 0.8)]
    assert look.history("experiment", "success/valid_unseen") == [(1, 0.8), (2, 0.7)]
    assert look.history("experiment", "validation/mean_actions")[0] == (-1, 2.0)
    assert look.history("iteration1", "success/validation") == [(1, 0.9)]
    assert second.data.metrics["validation/success_by_type/look_at_obj_in_light"] == 0.8
    assert look.history("iteration1", "training/losses") == [(10, 1.5), (20, 0.5)]
    assert look.history("experiment", "training/steps") == [(1, 20), (2, 20)]
    assert "training/losses" not in parent.data.metrics
    assert (
        "| **pi_1 (champion)** | 90.0% (59.6% to 98.2%) | 80.0% (49.0% to 94.3%) |"
        in parent.data.tags["mlflow.note.content"]
    )

    # Lineage: D_k with digest is an input, pi_k an output.
    inputs = [(entry.dataset.name, len(entry.dataset.digest)) for entry in first.inputs.dataset_inputs]
    assert inputs == [("D_1", 32)]
    versions = {
        alias: look.client.get_model_version_by_alias("leap-small", alias) for alias in ("pi_1", "pi_2", "champion")
    }
    assert versions["champion"].version == versions["pi_1"].version != versions["pi_2"].version
    assert versions["pi_1"].run_id == first.info.run_id

    # Traces: a sample of the episodes, unsolved ones among them.
    # Those of pi_0 are the parent's.
    traces = look.client.search_traces(locations=[look.mlflow_experiment], run_id=first.info.run_id)
    assert sorted(trace.info.tags["leap.success"] for trace in traces) == ["false", "false", "true", "true"]
    assert len(traces[0].data.spans) == 3
    assert len(look.client.search_traces(locations=[look.mlflow_experiment], run_id=parent.info.run_id)) == 1


def test_an_interrupted_run_goes_on_in_the_same_runs(project: SmallProject, look: Look) -> None:
    def fail(name: str) -> None:
        if name == "evaluate":
            raise OSError("disk full")

    project.before = fail
    with pytest.raises(OSError, match="disk full"):
        project.run(1)
    failed = look.runs()
    assert {run.info.status for run in failed.values()} == {"FAILED"}

    statuses: set[str] = set()
    project.before = lambda name: statuses.update(run.info.status for run in look.runs().values())
    project.run(1)
    runs = look.runs()
    assert statuses == {"RUNNING"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert {run.info.run_id for run in runs.values()} == {run.info.run_id for run in failed.values()}
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5), (1, 0.9)]
    assert len(look.client.search_model_versions("name = 'leap-small'")) == 1


def test_what_a_killed_run_wrote_and_did_not_log_is_logged(project: SmallProject, look: Look) -> None:
    """SIGKILL between a node's saving and its logging: the dataset is there, its metrics are not."""
    catalog = project.catalog(1)
    for node in project.pipeline(1).only_nodes("base", "pi_0").nodes:
        (name,) = node.outputs
        catalog.save(name, node.run({key: catalog.load(key) for key in node.inputs})[name])
    project.run(1, nodes=("base", "pi_0"))
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5)]


def test_parameters_pass_the_allow_list_and_show_no_secret(project: SmallProject, look: Look) -> None:
    project.parameters |= {"elsewhere": {"api_key": "sk-12345678901234"}, "rollout": {"api_key": "x", "episodes": 3}}
    project.run(1, nodes=("base",))
    project.parameters["training"] = {"learning_rate": 0.001}
    project.run(1, nodes=("base",))
    run = look.runs()["experiment"]
    assert run.data.params == {
        "experiment": "small",
        "seed": "7",
        "training.learning_rate": "0.005",
        "rollout.api_key": REDACTED,
        "rollout.episodes": "3",
    }
    assert run.data.tags["leap.changed.training.learning_rate"] == "0.001"
    assert len(run.data.tags["leap.parameters_digest"]) == 64
    assert "sk-" not in str([entry.data.to_dictionary() for entry in look.runs().values()])


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (
            {"policy": "models:/leap-small@champion", "split": "valid_unseen"},
            "models:/leap-small@champion on valid_unseen",
        ),
        ({}, "all policies on validation"),
    ],
)
def test_an_evaluation_of_saved_policies_has_a_run_of_its_own(
    project: SmallProject, look: Look, chosen: dict[str, str], name: str
) -> None:
    project.run(1, nodes=("base", "pi_0"))
    before = look.runs()
    project.parameters["evaluation"] = chosen
    project.run(1, pipeline_name="evaluation", nodes=("evaluate_saved",))
    after = look.runs()
    assert set(after) == {"experiment", "evaluation"}
    assert after["evaluation"].info.run_name == name
    assert after["evaluation"].info.status == "FINISHED"
    assert "iteration" not in after["evaluation"].data.params
    assert look.history("evaluation", "success/valid_unseen") == [(1, 0.8)]
    assert after["experiment"].data.to_dictionary() == before["experiment"].data.to_dictionary()


def test_a_champion_that_a_killed_run_has_saved_and_not_registered_is_registered(
    project: SmallProject, look: Look
) -> None:
    """SIGKILL between the saving of pi_1 and its registration, then the run goes on up to the champion."""
    project.run(1, nodes=("base", "pi_0", "aggregate", "train"))
    project.catalog(1).save("policy", project._policy(1))
    project.run(1)
    version = look.client.get_model_version_by_alias("leap-small", "champion")
    assert version.run_id == look.runs()["iteration1"].info.run_id
    assert len(look.client.search_model_versions("name = 'leap-small'")) == 1


def test_a_pipeline_that_is_switched_off_is_not_tracked(project: SmallProject, look: Look) -> None:
    project.run(1, pipeline_name="data_preparation", nodes=("base",))
    assert look.client.get_experiment_by_name("leap_kedro") is None


def test_a_runner_that_repeats_all_nodes_logs_nothing_again(project: SmallProject, look: Look) -> None:
    nodes = ("base", "pi_0", "play_pi_0", "aggregate", "train")
    project.run(1, nodes=nodes)
    before = look.runs()
    project.only_missing = False
    project.run(1, nodes=nodes)
    assert {name: run.data.to_dictionary() for name, run in look.runs().items()} == {
        name: run.data.to_dictionary() for name, run in before.items()
    }
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5)]
    assert look.history("iteration1", "training/losses") == [(10, 1.5), (20, 0.5)]
    assert len(look.client.search_traces(locations=[look.mlflow_experiment])) == 1


def test_an_experiment_started_again_gets_new_runs(project: SmallProject, look: Look) -> None:
    project.run(1)
    before = {run.info.run_id for run in look.runs().values()}
    assert ExperimentRuns(look.client, look.mlflow_experiment, "small").retire() == 2
    retire_aliases(look.client, "small")
    assert look.client.get_registered_model("leap-small").aliases == {}
    retire_aliases(look.client, "never begun")
    shutil.rmtree(project.root / "data")
    project.run(1)
    assert len(look.client.search_runs([look.mlflow_experiment])) == 4
    assert {look.client.get_run(run).data.tags["leap.retired"] for run in before} == {"true"}
    assert look.client.get_model_version_by_alias("leap-small", "champion").run_id not in before


def test_ctrl_c_leaves_killed_runs(project: SmallProject, look: Look) -> None:
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it, and its children
sys.path[:0] = {[str(folder) for folder in (Path(__file__).parent, Path(__file__).parents[1])]!r}
from pathlib import Path
from project import SmallProject
project = SmallProject.__new__(SmallProject)
project.__dict__.update(root=Path({str(project.root)!r}), parameters={project.parameters!r})
project.before = lambda name: os.kill(os.getpid(), signal.SIGINT) if name == "aggregate" else None
project.run(1, nodes=("base", "pi_0", "aggregate"))
"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in child.stderr
    assert {name: run.info.status for name, run in look.runs().items()} == {
        "experiment": "KILLED",
        "iteration1": "KILLED",
    }
