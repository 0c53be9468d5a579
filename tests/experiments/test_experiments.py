"""An experiment on disk: its iterations, the parameters it was begun with, its lock, the seconds of its nodes."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from leap_kedro.datasets.errors import StorageError
from leap_kedro.experiments import clock
from leap_kedro.experiments.clock import NodeClock
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment, experiment_names, next_iteration
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.manifest import git_state, run_facts
from leap_kedro.experiments.record import check_parameters


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(tmp_path / "data", "first")


def finish(experiment: Experiment, iteration: int) -> None:
    path = experiment.manifest_path(iteration)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"iteration": iteration}))


def test_the_next_iteration_is_the_first_without_a_manifest(experiment: Experiment) -> None:
    assert experiment.next_iteration() == 1
    for iteration in (0, 1, 3):
        finish(experiment, iteration)
    assert experiment.next_iteration() == next_iteration(str(experiment.data), "first") == 2
    assert experiment.finished_iterations() == (1,)
    assert experiment.read_manifest(1) == {"iteration": 1}
    assert experiment_names(experiment.data) == ("first",)


@pytest.mark.parametrize("name", ["", "../other", "a b", ".hidden", "x" * 65])
def test_names_that_are_no_folder_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunRefused, match="experiment"):
        Experiment(tmp_path, name)
    assert next_iteration(str(tmp_path), name) == 1  # the configuration can be read: what is wrong is named later


def test_delete_takes_all_layers_of_this_experiment_only(experiment: Experiment) -> None:
    other = Experiment(experiment.data, "second")
    for each in (experiment, other):
        finish(each, 1)
        (each.data / "02_episodes" / each.name / "iter_1").mkdir(parents=True)
    experiment.delete()
    assert experiment.folders() == ()
    assert len(other.folders()) == 2


def test_other_parameters_are_refused_with_what_changed(experiment: Experiment) -> None:
    check_parameters(experiment, {"seed": 9})  # nothing came of it
    check_parameters(experiment, {"seed": 0, "rollout.episodes": 300, "gone": None})
    (experiment.data / "01_tasks" / "first").mkdir(parents=True)
    check_parameters(experiment, {"seed": 0, "rollout.episodes": 300, "gone": None})
    changed = {"seed": 0, "rollout.episodes": 100, "new": 1.5}
    with pytest.raises(RunRefused) as caught:
        check_parameters(experiment, changed, " --env=test")
    message = str(caught.value)
    assert "rollout.episodes: 300 -> 100" in message
    assert "gone: null -> (absent)" in message
    assert "new: (absent) -> 1.5" in message
    assert "seed" not in message
    assert "kedro run --env=test --params=experiment=NAME" in message
    assert "kedro leap run --env=test --fresh --experiment=first" in message
    check_parameters(experiment, changed, free=changed.keys() | {"gone"})


def test_a_second_process_is_refused_and_told_who_holds_the_lock(experiment: Experiment) -> None:
    holding = textwrap.dedent(f"""
        from pathlib import Path
        from leap_kedro.experiments.folders import Experiment
        from leap_kedro.experiments.lock import locked
        with locked(Experiment(Path({str(experiment.data)!r}), "first")):
            print("held", flush=True)
            input()
    """)
    child = subprocess.Popen([sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(RunRefused, match=rf"pid {child.pid}\b.*--params=experiment=NAME"), locked(experiment):
            pass
        with locked(Experiment(experiment.data, "second")):
            pass
    finally:
        child.kill()
        child.communicate()
    with locked(experiment):
        pass


def test_seconds_of_a_node_add_up_over_interrupted_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "iter_1" / "seconds.json"
    times = iter([0.0, 2.0, 2.0, 5.0, 10.0, 11.0])
    monkeypatch.setattr(clock.time, "perf_counter", lambda: next(times))
    first = NodeClock(path)
    first.begin("roll_out")
    first.begin("correct")
    first.stop()
    again = NodeClock(path)
    again.begin("correct")
    again.stop()
    again.stop()
    assert json.loads(path.read_text()) == {"roll_out": 2.0, "correct": 4.0}


def test_seconds_that_cannot_be_written_are_an_error_of_storage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    broken = NodeClock(tmp_path / "file" / "seconds.json")
    broken.begin("roll_out")
    with pytest.raises(StorageError, match=r"seconds\.json"):
        broken.stop()


def test_a_run_is_described_by_code_python_and_packages(tmp_path: Path) -> None:
    facts = run_facts()
    assert {"finished", "git", "python", "packages"} == facts.keys()
    assert {"kedro", "torch", "transformers"} <= facts["packages"].keys()
    assert git_state(tmp_path) == {}
