"""One iteration of what the default does not run: other environments, teachers, methods and models.

The runs are in this process, and in copies of a project whose MLflow database exists: both save seconds.
"""

import re
import sqlite3
from pathlib import Path
from typing import Any

import psutil
import pytest
from bash_sandboxes import runtime_or_skip
from chat_tokenizers import LLAMA_3
from loop_project import LoopProject

from leap_kedro.pipelines.bootstrap.base import embedded_base

pytestmark = pytest.mark.slow

FEW = (
    "bootstrap.demonstrations=4",
    "rollout.episodes=4",
    "rollout.max_actions=3",
    "rollout.processes=1",
    "data_preparation.train=6",
    "data_preparation.validation=2",
    "data_preparation.test.valid_seen=2",
    "data_preparation.test.valid_unseen=0",
    "evaluation.max_actions=3",
    "evaluation.processes=1",
    "evaluation.base_tasks=1",
    "realizability.episodes=2",
)


@pytest.fixture
def project(finished_project: LoopProject, tmp_path: Path) -> LoopProject:
    return finished_project.copy(tmp_path / "project")


def run(project: LoopProject, *parameters: str, env: str = "test") -> str:
    """Run iteration 1 of the experiment `variant`; what was printed."""
    given = ",".join([project.parameters, "experiment=variant", *parameters])
    result = project.call("run", f"--env={env}", f"--params={given}")
    assert result.exit_code == 0, result.output
    return result.output


def metrics(project: LoopProject) -> dict[str, float]:
    with sqlite3.connect(project.folder / "mlflow.db") as database:
        return dict(database.execute("select key, value from latest_metrics"))


def taught(project: LoopProject) -> list[str]:
    """Actions of the demonstrations."""
    examples = project.read("04_training/variant/iter_0/examples.jsonl")
    return [target["action"] for example in examples for target in example["targets"]]


def accepted(project: LoopProject) -> list[dict[str, Any]]:
    """Corrections that were not rejected."""
    corrected = project.read("03_corrections/variant/iter_1/corrections.jsonl")
    made = [correction for each in corrected for correction in each.get("corrections", ())]
    return [correction for correction in made if correction["rejection"] is None]


def test_webshop(project: LoopProject, trainings: list[Path]) -> None:
    project.parameters = f"bootstrap.base={embedded_base('webshop')}"
    shown = run(project, "environment=webshop")
    assert "/ mean score /" in shown
    assert "generated tasks, nouns by" in shown
    shops = {
        split: {task["payload"]["shop"] for task in project.read(f"01_tasks/variant/{split}.jsonl")}
        for split in ("train", "validation", "test")
    }
    assert shops == {"train": {"train"}, "validation": {"eval"}, "test": {"test"}}
    assert {action.partition("[")[0] for action in taught(project)} == {"search", "click"}
    assert any(correction["action"].startswith("search[") for correction in accepted(project))
    assert {"validation/score_parts/attributes", "test/score_parts/price"} <= metrics(project).keys()
    assert len(trainings) == 2


def test_intercode_bash(project: LoopProject, trainings: list[Path]) -> None:
    runtime = runtime_or_skip()
    project.parameters = f"bootstrap.base={embedded_base('intercode_bash')}"
    shown = run(project, "environment=intercode_bash")
    assert "free replies" in shown
    assert re.search(r"pi_1 +│ test +│ +\d+\.\d \(\d+\.\d-\d+\.\d\) │", shown)
    assert "submit" in taught(project)
    assert len(set(taught(project))) > 3
    assert accepted(project)
    parts = {
        f"{split}/score_parts/{part}" for split in ("validation", "test") for part in ("file_diff", "file_changes")
    }
    assert parts <= metrics(project).keys()
    assert len(trainings) == 2
    scratch = runtime.host.scratch.parent  # type: ignore[attr-defined]
    owners = [int(path.name.partition("-")[0]) for path in scratch.iterdir() if path.is_dir()]
    assert [pid for pid in owners if not psutil.pid_exists(pid)] == []


def test_a_student_that_teaches_itself(project: LoopProject, trainings: list[Path]) -> None:
    run(project, "correction.teacher.kind=self", "bootstrap.informed_share=0.5")
    shown = [example["privileged"] for example in project.read("04_training/variant/iter_0/examples.jsonl")]
    assert [bool(block) for block in shown] == [False] * 6 + [True] * 3
    corrected = project.read("03_corrections/variant/iter_1/corrections.jsonl")
    teachers = {correction["teacher"] for each in corrected for correction in each["corrections"]}
    assert teachers == {"self-50-pi_0"}
    examples = project.read("04_training/variant/iter_1/examples.jsonl")
    assert not any(example["privileged"] for example in examples)
    assert len(trainings) == 2


def test_grpo_has_no_teacher_and_keeps_the_policy_where_the_groups_show_nothing(
    project: LoopProject, trainings: list[Path]
) -> None:
    run(project, "training.method=grpo", "correction.teacher.kind=none", "rollout.group_size=3")
    rollouts = project.read("02_episodes/variant/iter_1/rollouts.jsonl")
    assert len({episode["task"]["id"] for episode in rollouts}) == 2
    assert len({episode["seed"] for episode in rollouts}) == 6
    corrected = project.read("03_corrections/variant/iter_1/corrections.jsonl")
    assert {correction["teacher"] for each in corrected for correction in each["corrections"]} == {"none"}
    weights = [project.folder / f"data/05_policies/variant/iter_{k}/policy/model.safetensors" for k in (0, 1)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert len(trainings) == 1


def test_a_chat_model_with_lora(project: LoopProject, tiny_chat: Path, device: str) -> None:
    """The profile `conf/smollm2`, at a tiny size."""
    project.parameters = f"bootstrap.base={tiny_chat}"
    run(project, *FEW, f"fine_tuning.device={device}", env="smollm2")
    for k in (0, 1):
        report = project.read(f"04_training/variant/iter_{k}/training_report.json")
        assert report["dropped"] == 0  # type: ignore[call-overload]
        assert report["steps"] >= 1  # type: ignore[call-overload]
        policy = project.folder / f"data/05_policies/variant/iter_{k}/policy"
        assert (policy / "adapter/adapter_model.safetensors").is_file()
        assert (policy / "chat_template.jinja").read_text() == LLAMA_3
