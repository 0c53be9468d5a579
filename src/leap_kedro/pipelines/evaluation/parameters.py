"""Parameters of the evaluation, and options of the pipeline `evaluation`."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.records.parameters import StrictModel


class EvaluationParameters(PlayParameters):
    """How episodes are played for evaluation.

    Attributes:
        temperature: Sampling temperature; 0 is greedy; None: the server's own, only for a policy ``openai:MODEL``.
        base_tasks: Number of tasks per split for the base model (it uses the full action budget and solves none).
    """

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    base_tasks: int = Field(default=20, ge=1)


class EvaluateOptions(StrictModel):
    """Options of the pipeline `evaluation`, which are not parameters of the experiment.

    Attributes:
        policy: A policy's folder, a model of the Hugging Face Hub (``ORG/NAME``), an MLflow model (``models:/...``) or
            a model of a server (``openai:MODEL``); None: all policies of the experiment.
        split: Split of the benchmark; None: the validation tasks.
        tasks: Number of tasks of that split, the first ones; None: all, or for a generated split the number in
            `data_preparation.test`.
        report: Name of the file with the results; None: made of policy and split.
    """

    policy: str | None = None
    split: str | None = None
    tasks: int | None = Field(default=None, ge=1)
    report: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")


def report_name(options: Mapping[str, Any]) -> str:
    """Name of the file with the results, given the options (`EvaluateOptions`)."""
    name = options.get("report") or f"{options.get('policy') or 'all'}_on_{options.get('split') or 'validation'}"
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", str(name)).strip("_.")[-120:]
