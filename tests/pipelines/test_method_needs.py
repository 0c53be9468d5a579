"""What a method needs of the other stages is told before a run."""

from typing import Any

import pytest
from pipelines.stages import small_parameters

from leap_kedro.pipelines.method_needs import unmet_needs

GRPO = {
    "training.method": "grpo",
    "correction.teacher.kind": "none",
    "rollout.group_size": 2,
    "rollout.temperature": 1.0,
}
DISTILL = {"training.method": "distill", "correction.teacher.kind": "self"}


def told(changes: dict[str, Any]) -> list[str]:
    return list(unmet_needs(small_parameters(changes), lambda path: f"place of {path}"))


def test_a_method_with_what_it_needs_is_accepted() -> None:
    assert told(GRPO) == told(DISTILL) == told({}) == []


@pytest.mark.parametrize(
    ("method", "path", "value", "need"),
    [
        (GRPO, "correction.teacher.kind", "oracle", "has no teacher: set it to none"),
        (GRPO, "rollout.group_size", 1, "compares the episodes of a group: set it to 2 or more"),
        (GRPO, "rollout.temperature", 0, "needs sampled replies: set it above 0"),
        (GRPO, "rollout.max_thought_tokens", 8, "does not cover thoughts: set it to 0"),
        (GRPO, "training.validation_share", 0.1, "has no validation loss: set it to 0"),
        (DISTILL, "rollout.max_thought_tokens", 8, "does not cover thoughts: set it to 0"),
    ],
)
def test_what_is_missing_is_named_with_the_value_that_helps(
    method: dict[str, Any], path: str, value: Any, need: str
) -> None:
    name = method["training.method"]
    assert told({**method, path: value}) == [f"`{path}` (place of {path}): training.method={name} {need}."]


@pytest.mark.parametrize(("path", "value"), [("correction.privilege", 0), ("correction.teacher.kind", "oracle")])
def test_self_distillation_needs_a_student_that_is_told_the_secret(path: str, value: Any) -> None:
    (message,) = told({**DISTILL, path: value})
    assert "training.method=distill needs the student as its teacher" in message
