"""Policies in MLflow's registry: a model version with the alias ``pi_k``, and ``champion`` for the best one."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from leap_kedro.records import UserError
from leap_kedro.records.hashing import content_hash
from leap_kedro.tracking.artifacts import DIGITS

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
ARTIFACT = "policy"
_DIGEST_TAG = "leap.digest"
_MODEL_FILE = Path(__file__).with_name("policy_model.py")
_REQUIREMENTS = ("leap_kedro", "torch", "transformers", "safetensors", "pandas")


class UnregisteredPolicy(UserError):
    """The policy has no version in the registry."""


def model_name(experiment: str) -> str:
    """Name of an experiment's registered model."""
    return f"leap-{experiment}"


def policy_alias(iteration: int) -> str:
    """Alias of pi_k."""
    return f"pi_{iteration}"


def answering(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """How a registered policy answers: as in its evaluation (see `LocalPolicySpec`)."""
    evaluation = parameters.get("evaluation") or {}
    return {
        "environment": str(parameters.get("environment", "")),
        "hold_to_admissible": bool(evaluation.get("hold_to_admissible", True)),
        "max_new_tokens": int(evaluation.get("max_reply_tokens", 64)),
        "max_thought_tokens": int(evaluation.get("max_thought_tokens", 0)),
    }


def register_policy(
    client: "MlflowClient", run: str, experiment: str, iteration: int, folder: Path, how: Mapping[str, Any]
) -> str:
    """Register a folder as pi_k of an experiment, unless the same content is already registered.

    `client` must be of the server that `mlflow.set_tracking_uri` names; `how` is the output of `answering`.

    Returns:
        Version in the registry.
    """
    name, alias, digest = model_name(experiment), policy_alias(iteration), content_hash(folder, DIGITS)
    registered = _version_of(client, name, alias)
    if registered is not None and registered.tags.get(_DIGEST_TAG) == digest:
        return str(registered.version)
    version = _log_model(run, name, iteration, folder, how)
    client.set_model_version_tag(name, version, _DIGEST_TAG, digest)
    client.set_model_version_tag(name, version, "leap.iteration", str(iteration))
    client.set_registered_model_alias(name, alias, version)
    return version


def set_champion(client: "MlflowClient", experiment: str, iteration: int) -> None:
    """Point the alias ``champion`` at pi_k. Raises `UnregisteredPolicy` if pi_k is not registered."""
    name, alias = model_name(experiment), policy_alias(iteration)
    registered = _version_of(client, name, alias)
    if registered is None:
        raise UnregisteredPolicy(
            f"{alias} of experiment '{experiment}' is not in MLflow's registry (model '{name}'), so it cannot be the "
            "champion. Run `kedro run --pipelines=leap_iteration`, which registers what is missing."
        )
    client.set_registered_model_alias(name, CHAMPION, registered.version)


def retire_aliases(client: "MlflowClient", experiment: str) -> None:
    """Delete the aliases of an experiment's policies, since an experiment of the same name starts again."""
    name = model_name(experiment)
    for model in client.search_registered_models(f"name = '{name}'"):
        for alias in model.aliases:
            client.delete_registered_model_alias(name, alias)


def _version_of(client: "MlflowClient", name: str, alias: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _log_model(run: str, name: str, iteration: int, folder: Path, how: Mapping[str, Any]) -> str:
    from importlib.metadata import version

    import mlflow
    from mlflow.models import Model

    with TemporaryDirectory() as temporary, warnings.catch_warnings():
        # Not MLflow's model_config, whose entries would become parameters of the run.
        file = Path(temporary) / "answering.json"
        file.write_text(json.dumps(how), encoding="utf-8")
        # An input example would cost seconds per iteration, only to check a signature that is given.
        warnings.filterwarnings("ignore", message=".*input example was not provided", category=UserWarning)
        info = Model.log(
            None,
            mlflow.pyfunc,
            flavor_name="pyfunc.ModelFromCode",
            name=policy_alias(iteration),
            run_id=run,
            python_model=str(_MODEL_FILE),
            # URIs, because MLflow interprets "%", "?" and "#" in paths as in URIs.
            artifacts={ARTIFACT: folder.absolute().as_uri(), "answering": file.as_uri()},
            signature=_signature(),
            pip_requirements=[f"{package}=={version(package)}" for package in _REQUIREMENTS],
            registered_model_name=name,
            await_registration_for=None,
            step=iteration,
        )
    return str(info.registered_model_version)


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    text = DataType.string
    turn = Object([Property("action", text), Property("observation", text)])
    lists = [ColSpec(Array(turn), "turns"), ColSpec(Array(text), "admissible")]
    return ModelSignature(
        inputs=Schema([ColSpec(text, "opening"), *lists]),
        outputs=Schema([ColSpec(text, "reason"), ColSpec(text, "action")]),
    )
