"""How policies are evaluated."""

from pydantic import Field

from leap_kedro.pipelines.remote_policy import ServerParameters
from leap_kedro.pipelines.rollout.parameters import PlayParameters
from leap_kedro.records.parameters import Free


class EvaluationParameters(PlayParameters):
    """How episodes are played for evaluation, and what the pipeline `evaluation` evaluates.

    Attributes:
        temperature: Sampling temperature; 0 is greedy; None: the server's own, for a policy ``openai:MODEL``.
        base_tasks: Tasks a split that the base model is evaluated on (it wins none, and takes all its actions).
        policy: A policy's folder, an MLflow model (``models:/...``) or a model of a server (``openai:MODEL``), for the
            pipeline `evaluation` alone; None: all policies of the experiment.
        split: Benchmark's split, for the pipeline `evaluation` alone; None: the validation tasks.
        tasks: Tasks of that split (the first of the validation tasks); where None all that it has, of a generated one
            as many as `data_preparation.test` says.
        report: Name of the file that the pipeline `evaluation` writes; made of policy and split where None.
        server: The server of policies named ``openai:MODEL``.
    """

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    base_tasks: int = Field(default=20, ge=1)
    policy: Free[str | None] = None
    split: Free[str | None] = None
    tasks: Free[int | None] = Field(default=None, ge=1)
    report: Free[str | None] = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")
    server: Free[ServerParameters] = ServerParameters()
