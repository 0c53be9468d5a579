import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from look import Look
from project import ITERATION, SHOWN, START, SmallProject

from leap_kedro.records.secrets import REDACTED
from leap_kedro.tracking.models import retire_aliases
from leap_kedro.tracking.runs import ExperimentRuns

pytestmark = pytest.mark.slow

UNTRACKED = "data_preparation"
"""A pipeline that mlflow.yml disables: what runs under its name is on disk and not in MLflow, as after a SIGKILL
between the saving of a dataset and its logging."""


def test_an_experiment_in_mlflow(project: SmallProject, look: Look) -> None:
    for iteration in (1, 2):
        project.run(iteration, nodes=(*ITERATION, *SHOWN))

    runs = look.runs()
    parent, first, second = runs["experiment"], runs["iteration1"], runs["iteration2"]
    assert len(runs) == 3
    assert look.statuses() == {"FINISHED"}
    assert first.data.tags["mlflow.parentRunId"] == parent.info.run_id

    # Metrics are on the iteration's run and, by iteration, on the parent. Those of base and pi_0 are on the parent.
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

    # Lineage: the base has a commit, D_k with digest is an input, pi_k a registered version.
    assert parent.data.tags["leap.base"] == "org/tiny@0a1b"
    inputs = [(entry.dataset.name, len(entry.dataset.digest)) for entry in first.inputs.dataset_inputs]
    assert inputs == [("D_1", 32)]
    versions = {alias: look.policy(alias) for alias in ("pi_1", "pi_2", "champion")}
    assert versions["champion"].version == versions["pi_1"].version != versions["pi_2"].version
    assert versions["pi_1"].run_id == first.info.run_id

    # A sample of the episodes, unsolved ones among them, with a span per step; and the recorded call to the teacher.
    traces = {trace.info.tags.get("leap.success", "teacher"): trace for trace in look.traces("iteration1")}
    outcomes = sorted(trace.info.tags.get("leap.success", "teacher") for trace in look.traces("iteration1"))
    assert outcomes == ["false", "false", "teacher", "true", "true"]
    assert len(traces["false"].data.spans) == 3
    assert traces["teacher"].data.spans[1].inputs == {"messages": [{"role": "user", "content": "What now?"}]}
    assert len(look.traces("experiment")) == 1

    # Prompts are registered, once as long as they stay the same, and reports are artifacts.
    assert look.client.load_prompt("prompts:/leap_prompt.none.teach@latest").template == "What now?"
    assert look.client.load_prompt("prompts:/leap_prompt.none.teach@latest").version == 1
    reports = look.client.list_artifacts(first.info.run_id, "reports")
    assert [report.path for report in reports] == ["reports/trajectory_report.html"]


def test_an_interrupted_run_goes_on_in_the_same_runs(project: SmallProject, look: Look) -> None:
    def fail(name: str) -> None:
        if name == "evaluate":
            raise OSError("disk full")

    project.before = fail
    with pytest.raises(OSError, match="disk full"):
        project.run(1)
    failed = look.runs()
    assert look.statuses() == {"FAILED"}

    statuses: set[str] = set()
    project.before = lambda name: statuses.update(look.statuses())
    project.run(1)
    assert statuses == {"RUNNING"}
    assert look.statuses() == {"FINISHED"}
    assert {run.info.run_id for run in look.runs().values()} == {run.info.run_id for run in failed.values()}
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5), (1, 0.9)]
    assert look.policies() == 1


def test_what_a_killed_run_wrote_and_did_not_log_is_logged(project: SmallProject, look: Look) -> None:
    project.run(1, UNTRACKED, nodes=(*START, "aggregate", "train", "release", "evaluate"))
    assert look.client.get_experiment_by_name("leap_kedro") is None
    project.run(1)
    assert look.history("experiment", "success/validation") == [(-1, 0.0), (0, 0.5), (1, 0.9)]
    assert look.history("iteration1", "training/losses") == [(10, 1.5), (20, 0.5)]
    assert look.policy("champion").run_id == look.runs()["iteration1"].info.run_id
    assert look.policies() == 1


def test_a_champion_of_an_earlier_iteration_that_is_not_in_mlflow_is_found_on_disk(
    project: SmallProject, look: Look
) -> None:
    project.run(1, UNTRACKED)
    project.run(2)
    assert look.policy("champion").version == look.policy("pi_1").version
    assert look.policies() == 2


def test_parameters_pass_the_allow_list_and_show_no_secret(project: SmallProject, look: Look) -> None:
    project.parameters |= {"elsewhere": {"api_key": "sk-12345678901234"}, "rollout": {"api_key": "x", "episodes": 3}}
    project.run(1, nodes=("base",))
    project.parameters["training"] = {"learning_rate": 0.001}
    project.run(1, nodes=("base",))
    run = look.runs()["experiment"]
    assert run.data.params == {
        "environment": "none",
        "experiment": "small",
        "seed": "7",
        "training.learning_rate": "0.005",
        "rollout.api_key": REDACTED,
        "rollout.episodes": "3",
    }
    assert run.data.tags["leap.changed.training.learning_rate"] == "0.001"
    assert len(run.data.tags["leap.parameters_digest"]) == 64
    assert "sk-" not in str([entry.data.to_dictionary() for entry in look.runs().values()])


def test_each_evaluation_of_saved_policies_has_a_run_of_its_own(project: SmallProject, look: Look) -> None:
    project.run(1, nodes=("base", "pi_0"))
    before = look.runs()["experiment"].data.to_dictionary()
    named = {"policy": "models:/leap-small@champion", "split": "valid_unseen"}
    for options, name in (
        ({}, "all policies on validation"),
        (named, "models:/leap-small@champion on valid_unseen"),
    ):
        project.parameters["options"] = options
        project.run(1, "evaluation", nodes=("evaluate_saved",))
        found = look.client.search_runs([look.mlflow_experiment], f"attributes.run_name = '{name}'")
        (run,) = found
        assert run.info.status == "FINISHED"
        assert run.data.metrics["success/valid_unseen"] == 0.8
        assert "iteration" not in run.data.params
    assert len(look.client.search_runs([look.mlflow_experiment])) == 3
    assert look.runs()["experiment"].data.to_dictionary() == before


def test_a_runner_that_repeats_all_nodes_logs_nothing_again(project: SmallProject, look: Look) -> None:
    nodes = (*START, "play_pi_0", "aggregate", "train")
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
    assert look.policy("champion").run_id not in before


def test_ctrl_c_leaves_killed_runs(project: SmallProject, look: Look) -> None:
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it, and its children
sys.path[:0] = {[str(folder) for folder in (Path(__file__).parent, Path(__file__).parents[1])]!r}
from pathlib import Path
from project import SmallProject
project = SmallProject(Path({str(project.root)!r}))
project.before = lambda name: os.kill(os.getpid(), signal.SIGINT) if name == "aggregate" else None
project.run(1, nodes=("base", "pi_0", "aggregate"))
"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in child.stderr
    assert {name: run.info.status for name, run in look.runs().items()} == {
        "experiment": "KILLED",
        "iteration1": "KILLED",
    }
