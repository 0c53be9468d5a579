"""How policies are evaluated."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from leap_kedro.pipelines.rollout.parameters import PlayParameters
from leap_kedro.records.parameters import StrictModel


class EvaluationParameters(PlayParameters):
    """How episodes are played for evaluation.

    Attributes:
        temperature: Sampling temperature; 0 is greedy; None: the server's own, for a policy ``openai:MODEL``.
        base_tasks: Number of tasks per split for the base model (it uses the full action budget and solves none).
    """

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    base_tasks: int = Field(default=20, ge=1)


class EvaluateOptions(StrictModel):
    """Options of the pipeline `evaluation`: they select what it plays, and are no parameters of the experiment.

    Attributes:
        policy: A policy's folder, an MLflow model (``models:/...``) or a model of a server (``openai:MODEL``); None:
            all policies of the experiment.
        split: Benchmark's split; None: the validation tasks.
        tasks: Tasks of that split (the first of the validation tasks); where None all that it has, of a generated one
            as many as `data_preparation.test` says.
        report: Name of the file that is written; made of policy and split where None.
    """

    policy: str | None = None
    split: str | None = None
    tasks: int | None = Field(default=None, ge=1)
    report: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")


def report_name(options: Mapping[str, Any]) -> str:
    """Name of the file with the results of a saved policy: as the option `report` says, else policy and split.

    Args:
        options: As for `EvaluateOptions`.
    """
    name = options.get("report") or f"{options.get('policy') or 'all'}_on_{options.get('split') or 'validation'}"
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", str(name)).strip("_.")[-120:]
