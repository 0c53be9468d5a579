"""Finds the folder of a policy that a user names."""

from pathlib import Path

import yaml

from leap_kedro.policies.folder import PolicyFolderError
from leap_kedro.policies.hub import ModelNotFetched, local_folder
from leap_kedro.records import UserError
from leap_kedro.tracking.address import shown
from leap_kedro.tracking.failures import cause, reported
from leap_kedro.tracking.models import ARTIFACT

_SCHEME = "models:/"


class UnknownPolicy(UserError):
    """The named policy does not exist."""


def resolve_policy(reference: str) -> Path:
    """The folder of a policy's files.

    Args:
        reference: A folder, a model of the Hugging Face Hub (``ORG/NAME``, ``ORG/NAME@REVISION``), or a model in
            MLflow's registry (``models:/leap-NAME@champion``, ``models:/leap-NAME/3``).

    Raises:
        UnknownPolicy: If there is none, or it cannot be downloaded.
    """
    if reference.startswith(_SCHEME):
        return _registered(reference)
    try:
        folder = local_folder(reference)
    except (ModelNotFetched, PolicyFolderError) as error:
        raise UnknownPolicy(f"The policy '{reference}' (option `--policy`) cannot be used: {error}") from error
    if not (folder / "config.json").is_file():
        raise UnknownPolicy(
            f"There is no policy in the folder '{reference}' (option `--policy`): it has no config.json. "
            f"Give a policy's folder, a model of the Hugging Face Hub (ORG/NAME), or a registered model: "
            f"{_SCHEME}leap-EXPERIMENT@champion."
        )
    return folder


def _registered(reference: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException
    from mlflow.models.model import MLMODEL_FILE_NAME

    uri = mlflow.get_tracking_uri()
    try:
        model = Path(mlflow.artifacts.download_artifacts(artifact_uri=reference))
    except (MlflowException, OSError) as error:
        with reported(uri, started=True):
            models = mlflow.MlflowClient().search_registered_models()
        known = ", ".join(f"{_SCHEME}{model.name}@{alias}" for model in models for alias in sorted(model.aliases))
        raise UnknownPolicy(
            f"MLflow at {shown(uri)} has no model '{reference}' (option `--policy`): {cause(error)}. "
            + (f"Registered: {known}." if known else "No model is registered there.")
        ) from error
    # MLflow's Model.load decodes paths like URIs and does not find a folder with "%2F" in its name.
    description = yaml.safe_load((model / MLMODEL_FILE_NAME).read_text(encoding="utf-8"))
    artifact = description["flavors"].get("python_function", {}).get("artifacts", {}).get(ARTIFACT)
    if artifact is None:
        raise UnknownPolicy(f"'{reference}' is not a policy of this project: it has no artifact '{ARTIFACT}'.")
    return model / str(artifact["path"])
