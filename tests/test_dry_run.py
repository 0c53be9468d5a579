"""`dry_run` through `kedro run`, on the values of a laptop and of a GPU: what is shown, and that nothing is left."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from leap_kedro.session import LeapSession
from loop_project import Finished, LoopProject

from leap_kedro.cli import cli
from leap_kedro.experiments.errors import RunRefused


@pytest.fixture
def project(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project whose home and temporary folder are its own; on this machine nothing of conf/gpu is there."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return LoopProject(tmp_path / "project", tiny_base)


def files(project: LoopProject) -> set[Path]:
    return {path for path in project.folder.parent.rglob("*") if path.is_file()}


def rehearsed(project: LoopProject, env: str, *parameters: str) -> Finished:
    given = ",".join(["options.dry_run=true", *parameters])
    return project.kedro("run", f"--env={env}", "--pipelines=leap_iteration", f"--params={given}")


def test_the_gpu_profile_is_rehearsed_where_nothing_of_it_is_there(project: LoopProject) -> None:
    before = files(project)
    done = rehearsed(project, "gpu", "training.method=sft_dpo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(project) == before
    for said in (
        "<|start_header_id|>assistant<|end_header_id|>",
        "You are the teacher of an agent",
        "vllm serve data/models/llama-3-8b-instruct --host 127.0.0.1",
        "--enable-lora --max-lora-rank 128",
        "8.030 billion",
        "14.96 GiB",
        "The dry run went through",
    ):
        assert said in done.stdout, said
    assert done.stdout.count("sft: loss") == 2
    assert done.stdout.count("dpo: loss") == 1
    for absent in ("bootstrap.base", "environments.alfworld.source", "serving.command", "a key for"):
        assert any(absent in line for line in done.stdout.splitlines() if "and not here" in line), absent


def test_the_laptop_default_is_rehearsed(project: LoopProject) -> None:
    before = files(project)
    done = rehearsed(project, "base")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(project) == before
    assert "<reply> I need" in done.stdout
    assert "and not here" not in done.stdout
    assert "vllm" not in done.stdout


def test_what_is_there_and_wrong_is_named_with_its_file(project: LoopProject, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text(json.dumps({"model_type": "no such"}))
    done = rehearsed(project, "gpu", f"bootstrap.base={tmp_path / 'broken'}")
    assert done.returncode == 1
    assert f"`bootstrap.base` is {tmp_path / 'broken'}" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_iteration_is_not_rehearsed(project: LoopProject) -> None:
    metadata = bootstrap_project(project.folder)
    session = LeapSession.create(project.folder, runtime_params={"options": {"dry_run": True}})
    with pytest.raises(RunRefused, match="baselines is no part of it"), session:
        session.run(pipeline_names=["baselines"])
    result = CliRunner().invoke(cli, ["leap", "run", "--fresh", "--yes", "--params=options.dry_run=true"], obj=metadata)
    assert "kedro run --pipelines=leap_iteration" in result.output
