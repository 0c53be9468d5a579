import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment, experiment_names
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.manifest import build_manifest
from leap_kedro.experiments.record import check_parameters
from leap_kedro.records.hashing import content_hash


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(tmp_path / "data", "first")


def test_the_next_iteration_is_the_first_without_a_manifest(experiment: Experiment) -> None:
    assert experiment.next_iteration() == 1
    experiment.write_manifest(1, {"iteration": 1})
    experiment.write_manifest(3, {"iteration": 3})
    assert experiment.next_iteration() == 2
    assert experiment.finished_iterations() == (1,)
    assert experiment.read_manifest(1) == {"iteration": 1}
    assert experiment_names(experiment.data) == ("first",)


@pytest.mark.parametrize("name", ["", "../other", "a b", ".hidden", "x" * 65])
def test_names_that_are_no_folder_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunRefused, match="experiment"):
        Experiment(tmp_path, name)


def test_delete_takes_all_layers_of_this_experiment_only(experiment: Experiment) -> None:
    other = Experiment(experiment.data, "second")
    for each in (experiment, other):
        each.write_manifest(1, {})
        (each.data / "02_episodes" / each.name / "iter_1").mkdir(parents=True)
    experiment.delete()
    assert experiment.folders() == ()
    assert len(other.folders()) == 2


def test_other_parameters_are_refused_with_what_changed(experiment: Experiment) -> None:
    check_parameters(experiment, {"seed": 9}, "nothing came of it")
    check_parameters(experiment, {"seed": 0, "rollout.episodes": 300, "gone": None}, "a")
    (experiment.data / "01_tasks" / "first").mkdir(parents=True)
    check_parameters(experiment, {"seed": 0, "rollout.episodes": 300, "gone": None}, "a")
    with pytest.raises(RunRefused) as caught:
        check_parameters(experiment, {"seed": 0, "rollout.episodes": 100, "new": 1.5}, "b")
    message = str(caught.value)
    assert "rollout.episodes: 300 -> 100" in message
    assert "gone: null -> (absent)" in message
    assert "new: (absent) -> 1.5" in message
    assert "seed" not in message
    assert "--params=experiment=NAME" in message
    assert "kedro leap run --fresh --experiment=first" in message


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


def test_the_manifest_names_code_packages_data_and_seconds(tmp_path: Path) -> None:
    (tmp_path / "rollouts.jsonl").write_text("{}\n")
    manifest = build_manifest(tmp_path, {"iteration": 1}, {"rollouts": tmp_path / "rollouts.jsonl"}, {"roll_out": 1.26})
    assert manifest["iteration"] == 1
    assert "torch" in manifest["packages"]
    assert manifest["data"] == {"rollouts": content_hash(tmp_path / "rollouts.jsonl")}
    assert manifest["seconds"] == {"roll_out": 1.3}
    assert manifest["git"] == {}


def test_content_hash_sees_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    first = content_hash(tmp_path / "a")
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    second = content_hash(tmp_path / "a")
    (tmp_path / "a" / "y").write_text("2")
    assert len({first, second, content_hash(tmp_path / "a")}) == 3
