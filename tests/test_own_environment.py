"""The loop on environments of another package, with the core alone and with capabilities."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from environments.houses import COLOURS, Houses, episodes
from loop_project import LoopProject

pytestmark = pytest.mark.slow


@pytest.fixture
def project(finished_project: LoopProject, tmp_path: Path) -> Iterator[LoopProject]:
    project = finished_project.copy(tmp_path / "project")
    project.parameters = "bootstrap.base=slots"
    return project


def run(project: LoopProject, *parameters: str) -> str:
    """Run iteration 1; what was printed."""
    result = project.call("run", *project.given("experiment=own", "data_preparation.test.test=2", *parameters))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_core_alone(project: LoopProject) -> None:
    shown = project.folder / "shown.jsonl"
    shown.write_text("\n".join(map(json.dumps, episodes(Houses(), 6))))
    demonstrated = f"bootstrap.demonstrator={shown}"
    printed = run(project, "environment=environments.houses:Houses", demonstrated, "correction.teacher.kind=none")
    assert "pi_1" in printed
    realizability = project.read("06_evaluation/own/iter_1/realizability.json")
    assert realizability["success"]["privileged_expert"] is None
    assert realizability["recoverability"] is None
    assert realizability["success"]["student"]["total"] == 4
    examples = project.read("04_training/own/iter_0/examples.jsonl")
    assert [example["environment"] for example in examples] == ["houses"] * 6


def test_a_plan(project: LoopProject) -> None:
    run(project, "environment=environments.houses:PlannedHouses")
    corrected = project.read("03_corrections/own/iter_1/corrections.jsonl")
    corrections = [each for episode in corrected for each in episode["corrections"]]
    assert {each["teacher"] for each in corrections} == {"oracle-75-none"}
    played = project.read("02_episodes/own/iter_1/rollouts.jsonl")
    boxes = {episode["task"]["id"]: episode["task"]["payload"]["box"] for episode in played}
    for episode in corrected:
        box = boxes["/".join(episode["episode"].split("/")[1:-1])]
        assert all(each["action"] == f"open the {box} box" for each in episode["corrections"])
    examples = project.read("04_training/own/iter_0/examples.jsonl")
    said = {target["reason"] for example in examples for target in example["targets"]}
    assert said <= {f"I want to open the {colour} box." for colour in COLOURS}
    realizability = project.read("06_evaluation/own/iter_1/realizability.json")
    assert realizability["success"]["privileged_expert"]["rate"] == 1.0
    assert realizability["success"]["unprivileged_expert"] is None
    assert realizability["recoverability"]["decisions"] > 0


def test_experts(project: LoopProject) -> None:
    experts = "bootstrap.demonstrator=opener", "correction.teacher.expert=opener"
    run(project, "environment=environments.houses:ExpertHouses", *experts)
    examples = project.read("04_training/own/iter_0/examples.jsonl")
    assert all(target["reason"].endswith("box glitters.") for each in examples for target in each["targets"])
    realizability = project.read("06_evaluation/own/iter_1/realizability.json")
    assert realizability["success"]["unprivileged_expert"]["rate"] == 1.0
