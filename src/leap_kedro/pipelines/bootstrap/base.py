"""The base model: its folder, and whether the loop can use it."""

from pathlib import Path

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.registry import environment_folder
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, SMOLLM2, BootstrapParameters
from leap_kedro.policies import smollm2
from leap_kedro.policies.folder import PolicyFolderError, instead_of_policy, missing_parts
from leap_kedro.records import UserError
from leap_kedro.training.parameters import FineTuningParameters

_OWN_FOLDER = (
    "Give the folder of a Hugging Face model with its tokenizer and safetensors weights; "
    "`hf download NAME --local-dir FOLDER` fetches a model of the Hub"
)


class NoSuchBase(UserError):
    """The base model is missing or cannot be used."""


def find_base(parameters: BootstrapParameters, fine_tuning: FineTuningParameters, environment: str) -> SavedPolicy:
    """The base model.

    Args:
        parameters: They name the base.
        fine_tuning: The shared parameters of fine-tunings, since an adapter must know its base.
        environment: Name of the environment; each has its own embedded base.

    Raises:
        NoSuchBase: If its folder lacks config, weights or tokenizer, or the loop cannot use them.
    """
    from leap_kedro.policies.preflight import check_policy
    from leap_kedro.training.adapters import UnusableAdapter, recorded_base

    folder, hint = _place(parameters.base, environment)
    missing = missing_parts(folder)
    if missing:
        raise NoSuchBase(
            f"`bootstrap.base` is '{parameters.base}', but the model in {folder} is incomplete: it lacks "
            f"{', '.join(missing)}.{instead_of_policy(folder)} {hint}."
        )
    try:
        check_policy(folder, environment)
        recorded_base(folder, fine_tuning.overridden(parameters.fine_tuning).lora)
    except (PolicyFolderError, UnusableAdapter) as error:
        raise NoSuchBase(f"`bootstrap.base` is '{parameters.base}', which cannot be used: {error}") from error
    return SavedPolicy(id="base", iteration=-1, folder=folder)


def base_folder(parameters: BootstrapParameters, environment: str) -> Path:
    """The folder in which the base model is expected."""
    return _place(parameters.base, environment)[0]


def _place(base: str, environment: str) -> tuple[Path, str]:
    """The folder of a base, and what to do if it is missing."""
    if base == EMBEDDED:
        build = f"kedro run --pipelines=base_model --params=environment={environment}"
        built = f"data/05_policies/base_model/{environment}/policy"
        ship = f"To ship it, put {built} in that place (CONTRIBUTING.md, The base model)"
        return embedded_base(environment), f"Build it: {build}   {ship}"
    if base == SMOLLM2:
        return smollm2.FOLDER, "Make it: python -m leap_kedro.policies.smollm2"
    return Path(base).expanduser(), _OWN_FOLDER


def embedded_base(environment: str) -> Path:
    """Folder of the base that an environment ships."""
    return environment_folder(environment) / "student" / "base"
