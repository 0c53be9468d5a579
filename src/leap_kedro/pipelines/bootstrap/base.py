"""The base model: its folder, and whether the loop can use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.registry import environment_folder
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, SLOTS, SMOLLM2, BootstrapParameters
from leap_kedro.policies import smollm2
from leap_kedro.policies.folder import PolicyFolderError, instead_of_policy, missing_parts
from leap_kedro.policies.hub import HubModel, ModelNotFetched, fetch, hub_model
from leap_kedro.records import UserError
from leap_kedro.training.parameters import FineTuningParameters

_OWN_MODEL = (
    "Give a model of the Hugging Face Hub (ORG/NAME), or the folder of one with its tokenizer and safetensors weights"
)


class NoSuchBase(UserError):
    """The base model is missing or cannot be used."""


def pin_base(parameters: BootstrapParameters) -> dict[str, str | None]:
    """Name of the base model and, for a model of the Hub, the revision (its commit), which the experiment keeps.

    Raises:
        NoSuchBase: If it is a model of the Hub that cannot be fetched.
    """
    model = _on_hub(parameters)
    if model is None:
        return {"name": parameters.base, "revision": None}
    return {"name": model.name, "revision": _fetched(model, parameters.base).name}


def find_base(
    parameters: BootstrapParameters,
    fine_tuning: FineTuningParameters,
    environment: str,
    pinned: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> SavedPolicy:
    """The base model, which is downloaded if it is a model of the Hub that the local cache lacks.

    Args:
        parameters: They name the base.
        fine_tuning: The shared parameters of fine-tunings, since an adapter must know its base.
        environment: Name of the environment; each has its own embedded base.
        pinned: The result of `pin_base` for this experiment; None: the newest commit.
        options: Options of the environment, from whose texts a student with copy slots may have to be made.

    Raises:
        OffersNoSlots: If it is the student with copy slots, and the environment has none.
        NoSuchBase: If its folder lacks config, weights or tokenizer, it cannot be fetched, or the loop cannot use it.
    """
    from leap_kedro.policies.preflight import check_policy, check_trainable
    from leap_kedro.training.adapters import UnusableAdapter, recorded_base

    model = _on_hub(parameters, pinned)
    folder, hint = (
        (_fetched(model, parameters.base), _OWN_MODEL) if model else _place(parameters.base, environment, options)
    )
    missing = missing_parts(folder)
    if missing:
        raise NoSuchBase(
            f"`bootstrap.base` is '{parameters.base}', but the model in {folder} is incomplete: it lacks "
            f"{', '.join(missing)}.{instead_of_policy(folder)} {hint}."
        )
    try:
        check_trainable(folder)
        check_policy(folder, environment)
        recorded_base(folder, fine_tuning.overridden(parameters.fine_tuning).lora)
    except (PolicyFolderError, UnusableAdapter) as error:
        raise NoSuchBase(f"`bootstrap.base` is '{parameters.base}', which cannot be used: {error}") from error
    return SavedPolicy(id="base", iteration=-1, folder=folder)


def described_base(parameters: BootstrapParameters, environment: str) -> Path:
    """The folder in which the base model is expected; of a model of the Hub, all but the weights is fetched.

    Raises:
        ModelNotFetched: If it is a model of the Hub that cannot be fetched.
    """
    model = _on_hub(parameters)
    return fetch(model, weights=False) if model else _place(parameters.base, environment)[0]


def _on_hub(parameters: BootstrapParameters, pinned: Mapping[str, Any] | None = None) -> HubModel | None:
    """The model of the Hub that is the base, at the pinned commit; None if the base is a folder."""
    if pinned is None:
        return hub_model(parameters.base)
    # What was a folder is never replaced by a model of the Hub with the same name, nor the other way round.
    return HubModel(pinned["name"], pinned["revision"]) if pinned["revision"] else None


def _fetched(model: HubModel, base: str) -> Path:
    try:
        return fetch(model)
    except (ModelNotFetched, PolicyFolderError) as error:
        raise NoSuchBase(f"`bootstrap.base` is '{base}'. {error}") from error


def _place(base: str, environment: str, options: Mapping[str, Any] | None = None) -> tuple[Path, str]:
    """The folder of a base, and what to do if it is missing."""
    if base == EMBEDDED:
        build = f"kedro run --pipelines=base_model --params=environment={environment}"
        built = f"data/05_policies/base_model/{environment}/policy"
        ship = f"To ship it, put {built} in that place (CONTRIBUTING.md, The base model)"
        shipped = embedded_base(environment)
        return shipped if shipped.is_dir() else Path(built), f"Build it: {build}   {ship}"
    if base == SLOTS:
        from leap_kedro.embedded.fresh import fresh_student

        return fresh_student(environment, options), _OWN_MODEL
    if base == SMOLLM2:
        return smollm2.FOLDER, "Make it: python -m leap_kedro.policies.smollm2"
    return Path(base).expanduser(), _OWN_MODEL


def embedded_base(environment: str) -> Path:
    """Folder of the base that an environment ships."""
    return environment_folder(environment) / "student" / "base"
