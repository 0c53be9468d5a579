"""A student that cannot be used is refused by `kedro run` before anything is begun."""

import json
from pathlib import Path

import pytest
from click import ClickException
from kedro.framework.startup import bootstrap_project
from leap_kedro.session import LeapSession
from loop_project import LoopProject
from student_tokenizers import byte_level


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student whose chat template was forgotten."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("student")
    tokenizer = byte_level()
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def project(student: Path, tmp_path: Path) -> LoopProject:
    return LoopProject(tmp_path / "project", student)


def refused(project: LoopProject, pipeline: str, said: str, **parameters: object) -> None:
    bootstrap_project(project.folder)
    before = {path for path in project.folder.rglob("*") if path.is_file()}
    session = LeapSession.create(project.folder, env="test", runtime_params=parameters)
    with pytest.raises(ClickException, match=said), session:
        session.run(pipeline_names=[pipeline])
    assert {path for path in project.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_base_without_a_chat_template(project: LoopProject, student: Path, dry_run: bool) -> None:
    said = rf"`bootstrap\.base` is '?{student}'?.*tokenizer\.chat_template"
    refused(project, "leap_iteration", said, options={"dry_run": dry_run}, bootstrap={"base": str(student)})


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_base_that_is_no_model(project: LoopProject, tmp_path: Path, dry_run: bool) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").touch()
    said = r"`bootstrap\.base` is .*notes.*lacks.*config\.json"
    refused(project, "leap_iteration", said, options={"dry_run": dry_run}, bootstrap={"base": str(tmp_path / "notes")})


def test_a_policy_to_evaluate(project: LoopProject, student: Path) -> None:
    said = rf"`options\.policy` is '{student}'.*tokenizer\.chat_template"
    refused(project, "evaluation", said, options={"policy": str(student)})


def test_an_adapter_that_goes_on_and_whose_base_is_gone(project: LoopProject, tiny_base: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    for file in tiny_base.iterdir():
        (base / file.name).write_bytes(file.read_bytes())
    (base / "adapter").mkdir()
    (base / "adapter" / "base.json").write_text(json.dumps({"folder": str(tmp_path / "gone"), "sha256": ""}))
    told = {"base": str(base), "fine_tuning": {"lora": {"start": "continue"}, "optimizer": "adamw"}}
    refused(project, "leap_iteration", rf"`bootstrap\.base`.*{tmp_path / 'gone'}, which is gone", bootstrap=told)


def test_a_template_that_asks_the_clock_is_not_served(project: LoopProject, student: Path, tmp_path: Path) -> None:
    base = tmp_path / "dated"
    base.mkdir()
    for file in student.iterdir():
        (base / file.name).write_bytes(file.read_bytes())
    (base / "chat_template.jinja").write_text("{{ strftime_now('%c') }}" + str(byte_level().chat_template))
    free = {"hold_to_admissible": False}
    told = {"bootstrap": {"base": str(base)}, "serving": {}, "rollout": free, "evaluation": free}
    refused(project, "leap_iteration", "date or time", **told)


def test_kedro_prints_the_message_alone(project: LoopProject, student: Path) -> None:
    done = project.run("experiment=x")
    assert done.returncode == 1
    assert f"`bootstrap.base` is '{student}'" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
