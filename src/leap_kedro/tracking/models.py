"""Policies in MLflow's registry: pi_k is a model version with the alias ``pi_k``, the best one also ``champion``."""

import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from leap_kedro.records import UserError
from leap_kedro.tracking.lineage import content_digest
from leap_kedro.tracking.runs import active

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
ARTIFACT = "policy"
ANSWERING = "answering"
DIGEST_TAG = "leap.digest"
ITERATION_TAG = "leap.iteration"
_MODEL_FILE = Path(__file__).with_name("policy_model.py")
_REQUIREMENTS = ("leap_kedro", "torch", "transformers", "safetensors", "pandas")


@dataclass(frozen=True, slots=True)
class Answering:
    """How a registered policy answers, which goes with its weights.

    Attributes:
        environment: Registered name of the environment.
        hold_to_admissible: Whether actions are held to the listed ones.
        max_new_tokens: Most tokens of a reply.
    """

    environment: str = ""
    hold_to_admissible: bool = True
    max_new_tokens: int = 64


class UnregisteredPolicy(UserError):
    """The policy has no version in the registry."""


def model_name(experiment: str) -> str:
    """Name of an experiment's registered model."""
    return f"leap-{experiment}"


def policy_alias(iteration: int) -> str:
    """Alias of pi_k."""
    return f"pi_{iteration}"


def register_policy(
    client: "MlflowClient", run: str, experiment: str, iteration: int, folder: Path, answering: Answering
) -> str:
    """Register a policy folder as pi_k, unless the same content is registered already.

    Args:
        client: Client of the tracking server, the one that `mlflow.set_tracking_uri` names.
        run: Id of the run that made the policy.
        experiment: Name of the LEAP experiment.
        iteration: k.
        folder: Folder with the model's files.
        answering: How it answers.

    Returns:
        Version in the registry.
    """
    name, alias, digest = model_name(experiment), policy_alias(iteration), content_digest(folder)
    registered = _version_of(client, name, alias)
    if registered is not None and registered.tags.get(DIGEST_TAG) == digest:
        return str(registered.version)
    version = _log_model(client, run, name, iteration, folder, answering)
    client.set_model_version_tag(name, version, DIGEST_TAG, digest)
    client.set_model_version_tag(name, version, ITERATION_TAG, str(iteration))
    client.set_registered_model_alias(name, alias, version)
    return version


def is_registered(client: "MlflowClient", experiment: str, iteration: int) -> bool:
    """Whether the registry has a pi_k of the experiment."""
    return _version_of(client, model_name(experiment), policy_alias(iteration)) is not None


def set_champion(client: "MlflowClient", experiment: str, iteration: int) -> None:
    """Point the alias ``champion`` at pi_k.

    Raises:
        UnregisteredPolicy: If pi_k is not registered.
    """
    name = model_name(experiment)
    registered = _version_of(client, name, policy_alias(iteration))
    if registered is None:
        raise UnregisteredPolicy(
            f"{policy_alias(iteration)} of experiment '{experiment}' is not in MLflow's registry (model '{name}'), so "
            "it cannot be the champion. Run `kedro run --pipelines=leap_iteration`: it registers what is missing."
        )
    client.set_registered_model_alias(name, CHAMPION, registered.version)


def retire_aliases(client: "MlflowClient", experiment: str) -> None:
    """Take the aliases from an experiment's policies, so that none is taken for one of the experiment begun anew."""
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


def _log_model(client: "MlflowClient", run: str, name: str, iteration: int, folder: Path, answering: Answering) -> str:
    import mlflow

    with active(client, run), TemporaryDirectory() as temporary, warnings.catch_warnings():
        # A file and not MLflow's model_config, whose entries would land among the run's parameters.
        how = Path(temporary) / "answering.json"
        how.write_text(json.dumps(asdict(answering)), encoding="utf-8")
        # An input example would load the model and answer, seconds an iteration, to check a signature that is given.
        warnings.filterwarnings("ignore", message=".*input example was not provided", category=UserWarning)
        info = mlflow.pyfunc.log_model(
            name=policy_alias(iteration),
            python_model=str(_MODEL_FILE),
            # As URIs: of a path, MLflow takes "%", "?" and "#" for what they mean in one.
            artifacts={ARTIFACT: folder.absolute().as_uri(), ANSWERING: how.as_uri()},
            signature=_signature(),
            pip_requirements=_pinned_requirements(),
            registered_model_name=name,
            await_registration_for=None,
            step=iteration,
        )
    return str(info.registered_model_version)


def _pinned_requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in _REQUIREMENTS]


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    turn = Object([Property("action", DataType.string), Property("observation", DataType.string)])
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec(DataType.string, "opening"),
                ColSpec(Array(turn), "turns"),
                ColSpec(Array(DataType.string), "admissible"),
            ]
        ),
        outputs=Schema([ColSpec(DataType.string, "reason"), ColSpec(DataType.string, "action")]),
    )
