"""The manifests of iterations: how each was made, and its results."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.experiments.manifest import run_facts
from leap_kedro.pipelines.correction.parameters import TeacherKind
from leap_kedro.pipelines.history import History, base_of, parent_of
from leap_kedro.records import Example
from leap_kedro.records.hashing import content_hash, json_hash

if TYPE_CHECKING:
    from leap_kedro.pipelines.parameters import LeapParameters


def write_manifest(
    parameters: Mapping[str, Any],
    history: History,
    evaluation: Sequence[Mapping[str, Any]],
    champion: Mapping[str, Any],
    measures: Mapping[str, Any],
    *reports: Any,
) -> dict[str, Any]:
    """The manifest of a finished iteration. Its dataset adds the hashes of the files.

    Args:
        parameters: All parameters.
        history: The earlier iterations.
        evaluation: Evaluation of pi_k.
        champion: The best policy so far.
        measures: Measures of rollouts and corrections.
        reports: All other outputs that must be stored before the iteration is finished.
    """
    iteration = int(parameters["iteration"])
    parent = parent_of(history, iteration)
    return {
        **_facts(parameters, iteration),
        "base": base_of(history),
        "parent": {"policy": parent.id, "content": content_hash(parent.folder)},
        "evaluations": list(evaluation),
        "champion": dict(champion),
        "costs": _costs(parameters, measures),
    }


def _costs(parameters: Mapping[str, Any], measures: Mapping[str, Any]) -> dict[str, int]:
    """What the iteration cost; the keys are explained in `evaluation.methods.COSTS`."""
    taught = _checked(parameters).correction.teacher.kind is not TeacherKind.NONE
    return {
        "episodes": measures["rollout"]["episodes"],
        "labels": measures["correction"]["steps"] if taught else 0,
    }


def write_start(
    parameters: Mapping[str, Any],
    pi_0: Sequence[Mapping[str, Any]],
    policy: SavedPolicy,
    demonstrations: Sequence[Example],
    base: Mapping[str, Any],
    base_evaluation: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The manifest of iteration 0, the start of the loop.

    Args:
        parameters: All parameters.
        pi_0: Evaluation of pi_0.
        policy: pi_0, which must be stored before the loop can start.
        demonstrations: D_0, likewise.
        base: The result of `pin_base`.
        base_evaluation: Evaluation of the base model, if there is one.
    """
    return {**_facts(parameters, 0), "base": dict(base), "evaluations": [*base_evaluation, *pi_0]}


def _facts(parameters: Mapping[str, Any], iteration: int) -> dict[str, Any]:
    from leap_kedro.pipelines.parameters import recorded

    checked = _checked(parameters)
    return {
        "experiment": checked.experiment,
        "iteration": iteration,
        "seed": checked.seed,
        "parameters": json_hash(recorded(checked)),
        **run_facts(),
    }


def _checked(parameters: Mapping[str, Any]) -> "LeapParameters":
    # Imported here, because the module imports the package of each stage, which import this one.
    from leap_kedro.pipelines.parameters import LeapParameters

    return LeapParameters.model_validate(parameters)
