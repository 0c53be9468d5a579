"""Refuses a student that cannot be loaded or prompted before a run begins anything."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from kedro.framework.project import pipelines
from kedro.pipeline import Pipeline

from leap_kedro.language_models import Access
from leap_kedro.pipelines.bootstrap.nodes import find_base
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions
from leap_kedro.pipelines.evaluation.saved import check_named, named_policy
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.vllm_server import check_prompts

_REGISTERED = "models:/"


def check_students(
    parameters: LeapParameters, names: Sequence[str], tags: Iterable[str] | None, selection: dict[str, Any]
) -> None:
    """Check the base model where nodes that are to run read it, and the folder that `options.policy` names.

    Args:
        parameters: All parameters.
        names: Names of the pipelines.
        tags: Tags of the nodes to run; empty: all.
        selection: Further arguments of `Pipeline.filter`.

    Raises:
        NoSuchBase: If there is no base model, or it cannot be used.
        ServingFailed: If the student is to be served, and a server would build other prompts than training.
        NoSuchPolicy: If the policy in that folder cannot be used.
        UnknownPolicy: If there is none.
    """
    policy = read_options(EvaluateOptions, parameters.options).policy if "evaluation" in names else None
    if policy and not policy.startswith((SCHEME, _REGISTERED)):
        check_named(named_policy(policy, parameters.server, Access()), policy, parameters.environment)
    # What is not there by that name is refused where it is chosen.
    with suppress(KeyError, ValueError):
        pipelines.set_requested(list(names))
        whole = sum((pipelines[name] for name in names), Pipeline([]))
        chosen = whole.filter(tags=tags, **selection) if tags or selection else whole
        if any(dataset.rpartition(".")[2] == "base_policy" for dataset in chosen.datasets()):
            base = find_base(parameters.bootstrap, parameters.fine_tuning, parameters.environment)
            if parameters.serving is not None:
                check_prompts(base, parameters.serving, parameters.environment)
