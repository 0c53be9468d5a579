"""A task: one problem of a benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Task:
    """One problem, described so that any process can build it again.

    Attributes:
        id: Unique name within the environment, stable across runs and machines.
        environment: Registered name of the environment that plays it.
        split: Name of the benchmark's split (``train``, ``valid_seen``, ``valid_unseen`` ...).
        goal: The goal as the student reads it.
        kind: Task type, for tables by type.
        payload: Plain values that the environment builds the task from (a game file, a generator's seed).
    """

    id: str
    environment: str
    split: str
    goal: str
    kind: str
    payload: Mapping[str, str | int | float | bool] = field(default_factory=dict)
