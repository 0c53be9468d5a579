"""The methods that are compared. Each is a set of parameter values of the loop."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"(?P<method>[a-z][a-z0-9_]*)_(?P<seed>\d+)")


@dataclass(frozen=True, slots=True)
class Method:
    """A way to improve pi_0.

    Attributes:
        title: What it is, in a few words.
        values: Parameter values by path. ``{demonstrator}`` is the name of the expert that demonstrates.
        rounds: Number of iterations that share the episodes of one, for methods that learn from the present student's
            episodes only.
        own_start: Whether pi_0 is not that of the others, because it is shown what the teacher knows.
    """

    title: str
    values: Mapping[str, Any]
    rounds: int = 1
    own_start: bool = False

    def parameters(self, demonstrator: str, episodes: int) -> dict[str, Any]:
        """The values.

        Args:
            demonstrator: Name of the expert that demonstrates.
            episodes: Number of episodes of an iteration of LEAP.
        """
        values = {
            path: value.format(demonstrator=demonstrator) if isinstance(value, str) else value
            for path, value in self.values.items()
        }
        return values if self.rounds == 1 else {**values, "rollout.episodes": episodes // self.rounds}


METHODS: Mapping[str, Method] = {
    "leap": Method("LEAP", {}),
    "dagger": Method("the same teacher without privilege (DAgger)", {"correction.privilege": 0}),
    "imitation": Method(
        "more demonstrations in place of rollouts",
        {
            "rollout.player": "demonstrator",
            "correction.privilege": 0,
            "correction.teacher.expert": "{demonstrator}",
            "correction.max_corrections_per_episode": None,
        },
    ),
    "expert_iteration": Method(
        "the student's own successes, without a teacher",
        {"correction.teacher.kind": "none", "correction.episodes": "solved"},
    ),
    "grpo": Method(
        "scores of groups of rollouts, without a teacher (GRPO)",
        {
            "training.method": "grpo",
            "correction.teacher.kind": "none",
            "rollout.group_size": 10,
            "rollout.temperature": 1.0,
        },
        rounds=10,
    ),
    "distill": Method(
        "privileged self-distillation, from a pi_0 of its own",
        {"training.method": "distill", "correction.teacher.kind": "self"},
        rounds=10,
        own_start=True,
    ),
}
"""Name -> method, in the order of tables and figures."""


def experiment_name(experiment: str, method: str, seed: int) -> str:
    """Name of the experiment of one method and seed."""
    return f"{experiment}_{method}_{seed}"


def parts_of(name: str, experiment: str) -> tuple[str, int] | None:
    """Method and seed of an experiment that the comparison of `experiment` has made; None for other experiments."""
    found = _NAME.fullmatch(name.removeprefix(f"{experiment}_")) if name.startswith(f"{experiment}_") else None
    return (found["method"], int(found["seed"])) if found and found["method"] in METHODS else None
