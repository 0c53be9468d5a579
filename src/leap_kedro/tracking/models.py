"""Policies in MLflow's registry: pi_k is a model version with the alias ``pi_k``, the best one also ``champion``."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from leap_kedro.records import UserError
from leap_kedro.tracking.artifacts import content_digest

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
    """How a registered policy answers: as in the evaluation that its figures come from (see `LocalPolicySpec`)."""
    evaluation = parameters.get("evaluation") or {}
    return {
        "environment": str(parameters.get("environment", "")),
        "hold_to_admissible": bool(evaluation.get("hold_to_admissible", True)),
        "max_new_tokens": int(evaluation.get("max_reply_tokens", 64)),
    }


def register_policy(
    client: "MlflowClient", run: str, experiment: str, iteration: int, folder: Path, how: Mapping[str, Any]
) -> str:
    """Register a policy folder as pi_k, unless the same content is registered already.

    Args:
        client: Client of the tracking server, the one that `mlflow.set_tracking_uri` names.
        run: Id of the run that made the policy.
        experiment: Name of the LEAP experiment.
        iteration: k.
        folder: Folder with the model's files.
        how: How it answers, see `answering`.

    Returns:
        Version in the registry.
    """
    name, alias, digest = model_name(experiment), policy_alias(iteration), content_digest(folder)
    registered = _version_of(client, name, alias)
    if registered is not None and registered.tags.get(_DIGEST_TAG) == digest:
        return str(registered.version)
    version = _log_model(client, run, name, iteration, folder, how)
    client.set_model_version_tag(name, version, _DIGEST_TAG, digest)
    client.set_model_version_tag(name, version, "leap.iteration", str(iteration))
    client.set_registered_model_alias(name, alias, version)
    return version


def is_registered(client: "MlflowClient", experiment: str, iteration: int) -> bool:
    """Whether the registry has a pi_k of the experiment."""
    return _version_of(client, model_name(experiment), policy_alias(iteration)) is not None


def set_champion(client: "MlflowClient", experiment: str, iteration: int) -> None:
    """Point the alias ``champion`` at pi_k. Raises `UnregisteredPolicy` if pi_k is not registered."""
    name, alias = model_name(experiment), policy_alias(iteration)
    registered = _version_of(client, name, alias)
    if registered is None:
        raise UnregisteredPolicy(
            f"{alias} of experiment '{experiment}' is not in MLflow's registry (model '{name}'), so it cannot be the "
            "champion. Run `kedro run --pipelines=leap_iteration`: it registers what is missing."
        )
    client.set_registered_model_alias(name, CHAMPION, registered.version)


def retire_aliases(client: "MlflowClient", experiment: str) -> None:
    """Take the aliases from an experiment's policies, so that none is taken for one of its restarted namesake."""
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


def _log_model(
    client: "MlflowClient", run: str, name: str, iteration: int, folder: Path, how: Mapping[str, Any]
) -> str:
    from importlib.metadata import version

    import mlflow

    with _active(client, run), TemporaryDirectory() as temporary, warnings.catch_warnings():
        # A file and not MLflow's model_config, whose entries would land among the run's parameters.
        file = Path(temporary) / "answering.json"
        file.write_text(json.dumps(how), encoding="utf-8")
        # An input example would load the model and answer, seconds per iteration, to check a signature that is given.
        warnings.filterwarnings("ignore", message=".*input example was not provided", category=UserWarning)
        info = mlflow.pyfunc.log_model(
            name=policy_alias(iteration),
            python_model=str(_MODEL_FILE),
            # As URIs: of a path, MLflow takes "%", "?" and "#" for what they mean in one.
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


@contextmanager
def _active(client: "MlflowClient", run: str) -> Iterator[None]:
    """Make `run` the active one, which MLflow logs models to."""
    import mlflow

    current = mlflow.active_run()
    if current is not None and current.info.run_id == run:
        yield
        return
    with mlflow.start_run(run_id=run, nested=True):
        yield
    client.update_run(run, status="RUNNING")  # leaving the block has ended it
