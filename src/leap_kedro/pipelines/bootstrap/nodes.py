"""The base model, D_0 and pi_0."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, SMOLLM2, BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.pipelines.training.nodes import fine_tune
from leap_kedro.policies import smollm2
from leap_kedro.policies.folder import PolicyFolderError, instead_of_policy, missing_parts
from leap_kedro.records import Example, Task, UserError
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.demonstrations import Demonstration, demonstrations, informed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.training.parameters import FineTuning, FineTuningParameters

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
    return Path(str(files("leap_kedro") / "assets" / "base" / environment))


def demonstrate(
    tasks: Sequence[Task],
    parameters: BootstrapParameters,
    correction: CorrectionParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[Example]:
    """D_0: an unprivileged expert plays training tasks and gives its reasons; some come again with the secret told.

    Args:
        tasks: Training tasks; the first ones are taken.
        parameters: How many, by whom, how much noise, and what share with the secret told.
        correction: Whether the student will be its own teacher.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the noise.
    """
    benchmark = make_benchmark(environment_spec(environment, environments))
    chosen = tasks[: parameters.demonstrations]
    played = demonstrations(
        benchmark,
        chosen,
        parameters.demonstrator,
        max_actions=parameters.max_actions,
        noise=parameters.noise,
        seed=derive_seed(seed, "demonstrations"),
    )
    demonstrated = list(progress_bar("demonstrations", "episode", len(chosen), played))
    again = demonstrated[: round(_informed_share(parameters, correction) * len(demonstrated))]
    return [demonstration.example() for demonstration in demonstrated] + _informed(again, benchmark, parameters)


def _informed_share(parameters: BootstrapParameters, correction: CorrectionParameters) -> float:
    if parameters.informed_share is not None:
        return parameters.informed_share
    return float(correction.tells_the_student and parameters.base == EMBEDDED)


def _informed(
    demonstrated: Sequence[Demonstration], benchmark: Benchmark, parameters: BootstrapParameters
) -> list[Example]:
    if not demonstrated:
        return []
    teacher = OracleTeacher(benchmark, parameters.demonstrator, parameters.informed_privilege)
    return [informed(demonstration, benchmark, teacher) for demonstration in demonstrated]


def train_first(
    base: SavedPolicy,
    demonstrations: Sequence[Example],
    workspace: Path,
    parameters: BootstrapParameters,
    fine_tuning: FineTuningParameters,
    seed: int,
) -> tuple[dict[str, Any], SavedPolicy]:
    """pi_0, fine-tuned from the base on D_0.

    Args:
        base: The base model.
        demonstrations: D_0.
        workspace: Folder for checkpoints; a training that was killed goes on from the last one there.
        parameters: What differs for pi_0.
        fine_tuning: How to train: the shared parameters.
        seed: Seed of the order of the data.

    Returns:
        What the training did, and pi_0.
    """
    how = FineTuning.of(fine_tuning.overridden(parameters.fine_tuning), derive_seed(seed, "training", 0))
    report, (policy,) = fine_tune(base, demonstrations, workspace, how, 0)
    return report, policy
