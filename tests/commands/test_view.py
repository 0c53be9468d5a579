"""`kedro leap view`: the logs of an experiment, the viewer, and the static site."""

import json
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
from loop_project import KEDRO, LoopProject
from recorded import make_episode

from leap_kedro.commands import view
from leap_kedro.records import encode

with_viewer = pytest.mark.skipif(find_spec("inspect_ai") is None, reason="Inspect is not installed: the extra [view]")
LOGS = "07_reports/default/inspect"


@pytest.fixture
def played(empty_project: LoopProject) -> LoopProject:
    """A project whose experiment `default` has evaluations of two policies."""
    for name, k in (("pi_0_evaluation_episodes", 0), ("evaluation_episodes", 1)):
        path = empty_project.folder / f"data/06_evaluation/default/iter_{k}/{name}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{encode(make_episode(number, iteration=k))}\n" for number in range(2)))
    return empty_project


def test_without_the_viewer_its_installation_is_named(played: LoopProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "find_spec", lambda name: None)
    result = played.call("leap", "view", "--experiment=default")
    assert result.exit_code == 1
    assert 'pip install -c constraints.txt "leap_kedro[view]"' in result.output


@with_viewer
def test_an_experiment_without_episodes_is_refused_with_those_there_are(played: LoopProject) -> None:
    (played.folder / "data/00_experiments/default").mkdir(parents=True)
    result = played.call("leap", "view", "--experiment=other")
    assert result.exit_code == 1
    assert "Experiment 'other' has no episodes" in result.output
    assert "Experiments with data: default" in result.output


@with_viewer
def test_a_site_has_all_logs_and_names_no_folder_of_this_machine(played: LoopProject, tmp_path: Path) -> None:
    site = tmp_path / "site"
    result = played.call("leap", "view", "--experiment=default", f"--bundle={site}")
    assert result.exit_code == 0, result.output
    names = {"evaluation_side_by_side.eval", "evaluation_pi_0.eval", "evaluation_pi_1.eval"}
    assert {path.name for path in (site / "logs").glob("*.eval")} == names
    assert json.loads((site / "logs/listing.json").read_text()).keys() == names
    page = (site / "index.html").read_text()
    assert '"log_dir": "logs"' in page
    assert str(tmp_path) not in page
    assert "Content-Security-Policy" in page
    written = played.written()
    assert {f"{LOGS}/{name}" for name in names} <= written.keys()

    again = played.call("leap", "view", "--experiment=default", f"--bundle={site}")
    assert again.exit_code == 0, again.output
    assert "Writing" not in again.output
    assert played.written() == written


@with_viewer
def test_a_folder_with_other_files_is_not_replaced(played: LoopProject, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    result = played.call("leap", "view", "--experiment=default", f"--bundle={mine}")
    assert result.exit_code == 1
    assert "holds other files" in result.output
    assert (mine / "notes.txt").read_text() == "mine"


@with_viewer
def test_a_port_in_use_is_refused(played: LoopProject) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        result = played.call("leap", "view", "--experiment=default", f"--port={port}")
    assert result.exit_code == 1
    assert f"Port {port} cannot be used" in result.output
    assert "--port=N" in result.output


@with_viewer
@pytest.mark.slow
def test_the_viewer_answers_until_it_is_interrupted(played: LoopProject) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*KEDRO, "leap", "view", "--experiment=default", f"--port={port}"]
    with subprocess.Popen(command, cwd=played.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as viewer:
        try:
            listed = answer(viewer, f"http://127.0.0.1:{port}/api/logs")
            page = answer(viewer, f"http://127.0.0.1:{port}/")
        finally:
            viewer.send_signal(signal.SIGINT)
            output = viewer.communicate(timeout=60)[0].decode()
    assert viewer.returncode == 0, output
    assert {Path(each["name"]).name for each in json.loads(listed)["files"]} == {
        "evaluation_side_by_side.eval",
        "evaluation_pi_0.eval",
        "evaluation_pi_1.eval",
    }
    assert b"Inspect View" in page
    with socket.socket() as closed:
        assert closed.connect_ex(("127.0.0.1", port)) != 0


def answer(viewer: "subprocess.Popen[bytes]", address: str) -> bytes:
    """What the viewer answers, once it does."""
    opener = build_opener(ProxyHandler({}))
    while viewer.poll() is None:
        try:
            return bytes(opener.open(address, timeout=30).read())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(viewer.communicate()[0].decode())
