"""Parameters of the machines that play, correct and train."""

from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator

from leap_kedro.records.parameters import StrictModel


class ComputeKind(StrEnum):
    """Where the work of a stage runs."""

    LOCAL = "local"
    """On this machine."""
    RAY = "ray"
    """In actors of a Ray cluster."""


class ComputeParameters(StrictModel):
    """Where work runs, and what it asks of a Ray cluster. No result depends on it.

    Attributes:
        kind: This machine or a Ray cluster.
        address: Address of the cluster (HOST:PORT); None: that of `RAY_ADDRESS`, or the cluster of this machine.
        workers: Number of actors that play and correct; None: as many as fit when a stage begins.
        cpus: CPU cores of each actor.
        gpus: GPUs of each actor.
        resources: Further resources of each actor, which restrict it to the machines that were started with them.
        start_timeout: Seconds until the cluster must have started an actor.
        timeout: Seconds without a sign of work after which an actor is replaced.
        max_attempts: Number of actors that may die while they have the same task; then the task is given up.
        shared_storage: Whether all machines see the project's files at the same paths. If not, policies travel through
            the object store.
        runtime_env: Ray's runtime environment of the actors.
    """

    kind: ComputeKind = ComputeKind.LOCAL
    address: str | None = None
    workers: int | None = Field(default=None, ge=1)
    cpus: float = Field(default=1.0, ge=0)
    gpus: float = Field(default=0.0, ge=0)
    resources: dict[str, float] = Field(default_factory=dict)
    start_timeout: float = Field(default=300.0, gt=0)
    timeout: float = Field(default=600.0, gt=0)
    max_attempts: int = Field(default=3, ge=1)
    shared_storage: bool = False
    runtime_env: dict[str, Any] = Field(default_factory=dict)

    @field_validator("runtime_env")
    @classmethod
    def _variables_are_text(cls, value: dict[str, Any]) -> dict[str, Any]:
        variables = value.get("env_vars", {})
        if not isinstance(variables, dict):
            raise ValueError("env_vars is no mapping of names to values")
        return {**value, "env_vars": {name: str(each) for name, each in variables.items()}} if variables else value
