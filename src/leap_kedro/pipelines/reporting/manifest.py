"""What an iteration was made of and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.experiments.manifest import run_facts
from leap_kedro.pipelines.history import History, parent_of
from leap_kedro.records import Example
from leap_kedro.records.hashing import content_hash


def write_manifest(
    parameters: Mapping[str, Any],
    history: History,
    evaluation: Sequence[Mapping[str, Any]],
    champion: Mapping[str, Any],
    *reports: Any,
) -> dict[str, Any]:
    """The manifest of a finished iteration. Its dataset adds the hashes of the files.

    Args:
        parameters: All parameters.
        history: The iterations before.
        evaluation: Evaluation of pi_k.
        champion: The best policy so far.
        reports: Everything else that has to be there before the iteration is finished.
    """
    iteration = int(parameters["iteration"])
    parent = parent_of(history, iteration)
    return {
        **_facts(parameters, iteration),
        "parent": {"policy": parent.id, "content": content_hash(parent.folder)},
        "evaluations": list(evaluation),
        "champion": dict(champion),
    }


def write_start(
    parameters: Mapping[str, Any],
    pi_0: Sequence[Mapping[str, Any]],
    policy: SavedPolicy,
    demonstrations: Sequence[Example],
    base: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The manifest of iteration 0: what the loop starts from.

    Args:
        parameters: All parameters.
        pi_0: Evaluation of pi_0.
        policy: pi_0, which has to be there before the loop can start.
        demonstrations: D_0, likewise.
        base: Evaluation of the base model, where it was evaluated.
    """
    return {**_facts(parameters, 0), "evaluations": [*base, *pi_0]}


def _facts(parameters: Mapping[str, Any], iteration: int) -> dict[str, Any]:
    # The parameters of all stages; each stage's package imports this module.
    from leap_kedro.pipelines.parameters import LeapParameters, digest, recorded

    checked = LeapParameters.model_validate(parameters)
    return {
        "experiment": checked.experiment,
        "iteration": iteration,
        "seed": checked.seed,
        "parameters": digest(recorded(checked)),
        **run_facts(),
    }
