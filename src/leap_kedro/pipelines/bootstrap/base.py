"""The base model: which folder it is in, and whether the loop can use it."""

from pathlib import Path

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.registry import environment_folder
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, SMOLLM2, BootstrapParameters
from leap_kedro.policies import smollm2
from leap_kedro.policies.folder import PolicyFolderError, instead_of_policy, missing_parts
from leap_kedro.records import UserError
from leap_kedro.training.parameters import FineTuningParameters

_OWN_FOLDER = (
    "Give the folder of a Hugging Face model with its tokenizer and with weights as safetensors; one of the Hub is "
    "fetched by `hf download NAME --local-dir FOLDER`"
)


class NoSuchBase(UserError):
    """The base model is not there, or cannot be used."""


def find_base(parameters: BootstrapParameters, fine_tuning: FineTuningParameters, environment: str) -> SavedPolicy:
    """The base model.

    Args:
        parameters: Which one.
        fine_tuning: The shared parameters of fine-tunings: an adapter needs to know its base.
        environment: Name of the environment: each has an embedded base of its own.

    Raises:
        NoSuchBase: If its folder lacks config, weights or tokenizer, or the loop cannot use them.
    """
    from leap_kedro.policies.preflight import check_policy
    from leap_kedro.training.adapters import UnusableAdapter, recorded_base

    folder, hint = _place(parameters.base, environment)
    missing = missing_parts(folder)
    if missing:
        raise NoSuchBase(
            f"`bootstrap.base` is '{parameters.base}', and there is no whole model in {folder}: it lacks "
            f"{', '.join(missing)}.{instead_of_policy(folder)} {hint}."
        )
    try:
        check_policy(folder, environment)
        recorded_base(folder, fine_tuning.overridden(parameters.fine_tuning).lora)
    except (PolicyFolderError, UnusableAdapter) as error:
        raise NoSuchBase(f"`bootstrap.base` is '{parameters.base}', and cannot be used: {error}") from error
    return SavedPolicy(id="base", iteration=-1, folder=folder)


def base_folder(parameters: BootstrapParameters, environment: str) -> Path:
    """Where the base model is looked for."""
    return _place(parameters.base, environment)[0]


def _place(base: str, environment: str) -> tuple[Path, str]:
    """The folder of a base, and what to do if it is not there."""
    if base == EMBEDDED:
        build = f"kedro run --pipelines=base_model --params=environment={environment}"
        built = f"data/05_policies/base_model/{environment}/policy"
        ship = f"To ship it, put {built} in that place (CONTRIBUTING.md, The base model)"
        return embedded_base(environment), f"Build it: {build}   {ship}"
    if base == SMOLLM2:
        return smollm2.FOLDER, "Make it: python -m leap_kedro.policies.smollm2"
    return Path(base).expanduser(), _OWN_FOLDER


def embedded_base(environment: str) -> Path:
    """Folder of the base that is shipped for an environment."""
    return environment_folder(environment) / "student" / "base"
