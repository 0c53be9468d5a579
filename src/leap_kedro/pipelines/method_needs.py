"""What a method of training needs of the other stages."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from leap_kedro.pipelines.correction.parameters import TeacherKind
from leap_kedro.pipelines.training.parameters import Method

if TYPE_CHECKING:
    from leap_kedro.pipelines.parameters import LeapParameters


def unmet_needs(parameters: "LeapParameters", origin: Callable[[str], str]) -> Iterator[str]:
    """A sentence on each parameter that does not suit `training.method`, with the value that does.

    Args:
        parameters: All parameters.
        origin: Path of a parameter -> where it is set.
    """
    method, rollout, correction = parameters.training.method, parameters.rollout, parameters.correction
    teacher = "correction.teacher.kind"
    needs = {
        Method.GRPO: (
            (correction.teacher.kind is TeacherKind.NONE, teacher, "has no teacher: set it to none"),
            (rollout.group_size > 1, "rollout.group_size", "compares the episodes of a group: set it to 2 or more"),
            (rollout.temperature > 0, "rollout.temperature", "needs sampled replies: set it above 0"),
            (rollout.max_thought_tokens == 0, "rollout.max_thought_tokens", "does not cover thoughts: set it to 0"),
            (
                parameters.training.validation_share == 0,
                "training.validation_share",
                "has no validation loss: set it to 0",
            ),
        ),
        Method.DISTILL: (
            (
                correction.tells_the_student,
                teacher,
                "needs the student as its teacher: set it to self, with correction.privilege above 0 and "
                "correction.teacher.served false",
            ),
            (rollout.max_thought_tokens == 0, "rollout.max_thought_tokens", "does not cover thoughts: set it to 0"),
        ),
    }
    for met, path, need in needs.get(method, ()):
        if not met:
            yield f"`{path}` ({origin(path)}): training.method={method} {need}."
