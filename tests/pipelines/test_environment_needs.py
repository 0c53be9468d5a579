"""What the parameters need of an environment is checked before a run."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from leap_kedro.pipelines.parameters import ParametersRefused, check

ROOT = Path(__file__).parents[2]


def configured(environment: str, **changed: Any) -> dict[str, Any]:
    raw = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text())
    general = yaml.safe_load((ROOT / "src/leap_kedro/environments/defaults.yml").read_text())
    merged = {**raw, "environment": environment, "iteration": 1, "environments": {}}
    for name, block in general.items():
        merged[name] = {**merged.get(name, {}), **block} if isinstance(block, dict) else block
    merged["correction"]["teacher"] = {**raw["correction"]["teacher"], **general["correction"]["teacher"]}
    for path, value in changed.items():
        *blocks, name = path.split("__")
        place = merged
        for block in blocks:
            place = place[block]
        place[name] = value
    return merged


def refused(raw: dict[str, Any]) -> str:
    with pytest.raises(ParametersRefused) as caught:
        check(raw, lambda path: f"set by {path}")
    return str(caught.value)


def test_an_environment_with_a_plan_suits_the_general_defaults() -> None:
    check(configured("environments.houses:PlannedHouses"), str)


def test_without_a_plan_the_alternatives_are_named() -> None:
    said = refused(configured("environments.houses:Houses"))
    assert "`bootstrap.demonstrator` is 'planner' (set by bootstrap.demonstrator)" in said
    assert "openai:MODEL" in said
    assert "a file of episodes" in said
    assert "`correction.teacher.kind` is 'oracle'" in said
    assert "Set it to llm" in said


@pytest.mark.parametrize("demonstrator", ["openai:gpt", "base", "shown.jsonl", "dataset:someone/episodes"])
@pytest.mark.parametrize("teacher", ["llm", "self", "none"])
def test_without_a_plan_these_suit(demonstrator: str, teacher: str) -> None:
    changed = {"bootstrap__demonstrator": demonstrator, "correction__teacher__kind": teacher}
    check(configured("environments.houses:Houses", **changed), str)


def test_an_expert_that_it_does_not_have_is_refused() -> None:
    said = refused(configured("environments.houses:ExpertHouses", bootstrap__demonstrator="closer"))
    assert "`bootstrap.demonstrator` is 'closer': There is no expert 'closer': opener." in said
    said = refused(configured("environments.houses:PlannedHouses", correction__teacher={"expert": "opener"}))
    assert "`correction.teacher.expert` is 'opener': The environment 'planned_houses' has no experts" in said
