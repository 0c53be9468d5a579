"""`kedro leap rehearse` on the values of a laptop and of a GPU: what is shown, and that nothing is left."""

import json
import tempfile
from pathlib import Path

import pytest
from click.testing import Result
from loop_project import LoopProject

from leap_kedro.pipelines.bootstrap.base import embedded_base

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project whose home and temporary folder are its own; on this machine nothing of conf/gpu is there."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return LoopProject(tmp_path / "project", embedded_base("alfworld"))


def files(project: LoopProject) -> set[Path]:
    return {path for path in project.folder.parent.rglob("*") if path.is_file()}


def rehearsed(project: LoopProject, env: str, *parameters: str) -> Result:
    return project.call("leap", "rehearse", f"--env={env}", f"--params={','.join(parameters)}")


def test_the_gpu_profile_is_rehearsed_where_nothing_of_it_is_there(project: LoopProject) -> None:
    before = files(project)
    done = rehearsed(project, "gpu", "training.method=sft_dpo")
    assert done.exit_code == 0, done.output
    assert files(project) == before
    for shown in (
        "<|start_header_id|>assistant<|end_header_id|>",
        "You are the teacher of an agent",
        "vllm serve meta-llama/Meta-Llama-3-8B-Instruct --host 127.0.0.1",
        "--enable-lora --max-lora-rank 128",
        "8.030 billion",
        "14.96 GiB",
    ):
        assert shown in done.output, shown
    assert done.output.count("sft: loss") == 2
    assert done.output.count("dpo: loss") == 1
    for absent in ("bootstrap.base", "environments.alfworld.source", "serving.command", "a key for"):
        assert any(absent in line for line in done.output.splitlines() if "and not here" in line), absent


def test_the_laptop_default_is_rehearsed(project: LoopProject, trainings: list[Path]) -> None:
    before = files(project)
    done = rehearsed(project, "base")
    assert done.exit_code == 0, done.output
    assert files(project) == before
    assert "<reply> " in done.output
    assert "vllm" not in done.output
    assert len(trainings) == 2
    assert not [line for line in done.output.splitlines() if "and not here" in line]


def test_a_base_that_cannot_be_read_is_named(project: LoopProject, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text(json.dumps({"model_type": "no such"}))
    done = rehearsed(project, "gpu", f"bootstrap.base={tmp_path / 'broken'}")
    assert done.exit_code == 1
    assert f"`bootstrap.base` is {tmp_path / 'broken'}" in done.output
