"""D_0, pi_0, and the evaluation of the base model."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.each import in_place, of_each
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Missing
from leap_kedro.datasets.training import Train, Trained
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.registry import environment_name, make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.bootstrap.base import find_base
from leap_kedro.pipelines.bootstrap.given import given_demonstrations, is_given
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, BootstrapParameters
from leap_kedro.pipelines.bootstrap.prompted import BASE, is_prompted, prompted_demonstrations
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.demonstrating import load_demonstrator
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.evaluation.nodes import first_of_each_split, play_evaluation
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.evaluation.saved import named_policy
from leap_kedro.pipelines.playing import Playing
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.pipelines.training.fine_tuning import fine_tune, release_policy
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Episode, Example, Task
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.demonstrations import Demonstration, informed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.training.parameters import FineTuning, FineTuningParameters


def make_demonstrations(
    tasks: Mapping[str, Sequence[Task]],
    parameters: BootstrapParameters,
    correction: CorrectionParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    access: Access,
    base: Mapping[str, Any],
    fine_tuning: FineTuningParameters,
    playing: EvaluationParameters,
    server: ServerParameters,
    serving: ServingParameters | None,
) -> list[Example]:
    """D_0: `demonstrate`, or episodes that are read, or the solved ones of a prompted language model.

    Args:
        tasks: Tasks by split; the first training tasks are taken.
        parameters: Number of demonstrations and demonstrator.
        correction: For `demonstrate`.
        compute: For `demonstrate`.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the episodes.
        access: Key, prices and cache of language models.
        base: The result of `pin_base`.
        fine_tuning: The shared parameters of fine-tunings.
        playing: How a language model plays.
        server: The server of a model ``openai:MODEL``.
        serving: The server of the base model; None: it is loaded.

    Raises:
        GivenEpisodesRefused: If the episodes to read are missing or malformed.
        NoDemonstrations: If the language model solves no task.
    """
    demonstrator, count = parameters.demonstrator, parameters.demonstrations
    if is_given(demonstrator):
        return given_demonstrations(demonstrator, count, environment_name(environment))
    if not is_prompted(demonstrator):
        return demonstrate(tasks, parameters, correction, compute, environment, environments, seed)
    if demonstrator == BASE:
        policy: Playing = find_base(parameters, fine_tuning, environment, base)
    else:
        policy = named_policy(demonstrator, server, access)
    spec, run_seed = environment_spec(environment, environments), derive_seed(seed, "demonstrations")
    how = parameters, playing, serving, run_seed
    return list(prompted_demonstrations(policy, spec, tasks["train"][:count], *how))


def demonstrate(
    tasks: Mapping[str, Sequence[Task]],
    parameters: BootstrapParameters,
    correction: CorrectionParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[Example]:
    """An expert or the planner plays training tasks; a share is repeated with privileged facts.

    Args:
        tasks: Tasks by split; the first training tasks are taken.
        parameters: Number of demonstrations, demonstrator, noise, and share with privileged facts.
        correction: It says whether the student will teach itself.
        compute: Where they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the noise.
    """
    spec = environment_spec(environment, environments)
    chosen = tasks["train"][: parameters.demonstrations]
    run_seed = derive_seed(seed, "demonstrations")
    load = partial(load_demonstrator, spec, parameters, run_seed)
    played = of_each("demonstrations", load, chosen, compute)
    demonstrated = in_place(progress_bar("demonstrations", "episode", len(chosen), played))
    again = demonstrated[: round(_informed_share(parameters, correction) * len(demonstrated))]
    return [demonstration.example() for demonstration in demonstrated] + _informed(
        again, make_benchmark(spec), parameters
    )


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
    demonstrations: Sequence[Example],
    parameters: BootstrapParameters,
    fine_tuning: FineTuningParameters,
    compute: ComputeParameters,
    environment: str,
    seed: int,
    base: Mapping[str, Any],
) -> Train:
    """pi_0, fine-tuned from the base model on D_0.

    Args:
        demonstrations: D_0.
        parameters: The base model, and the parameters that differ for pi_0.
        fine_tuning: The shared parameters of fine-tunings.
        compute: Where it is trained.
        environment: Name of the environment.
        seed: Seed of the order of the data.
        base: The result of `pin_base`.

    Returns:
        Folder to train in -> the report, as for `train_policy`.
    """

    def train(workspace: Path) -> dict[str, Any]:
        how = FineTuning.of(fine_tuning.overridden(parameters.fine_tuning), derive_seed(seed, "training", 0))
        start = find_base(parameters, fine_tuning, environment, base)
        report, (policy,) = fine_tune(start, demonstrations, workspace, how, 0, compute=compute)
        return {**report, "policy": policy.folder.relative_to(workspace).as_posix()}

    return train


def release_first(trained: Trained) -> SavedPolicy:
    """pi_0, which `train_first` trained."""
    return release_policy(trained, 0)


def play_base_evaluation(
    bootstrap: BootstrapParameters,
    fine_tuning: FineTuningParameters,
    tasks: Mapping[str, Sequence[Task]],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    base: Mapping[str, Any],
) -> Missing[Episode]:
    """`play_evaluation` of the base model on the first `base_tasks` of each split; `base` as in `train_first`."""
    count = parameters.base_tasks
    few = {"validation": tasks["validation"][:count], "test": first_of_each_split(tasks["test"], count)}
    policy = find_base(bootstrap, fine_tuning, environment, base)
    return play_evaluation(policy, few, parameters, serving, compute, environment, environments, seed)
