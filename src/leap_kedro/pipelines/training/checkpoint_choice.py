"""The choice of the checkpoint that becomes pi_k, by playing, since the lowest loss may not be the best policy."""

from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.intervals import wilson
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Task
from leap_kedro.records.seeds import derive_seed

NAMES = ("last", "best")


def choose_checkpoint(
    trained: Sequence[SavedPolicy],
    validation: Sequence[Task],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> tuple[dict[str, Any], SavedPolicy]:
    """The last checkpoint or, if another has a lower validation loss, the one that solves more validation tasks.

    Args:
        trained: The last checkpoint and, if it is another, the best one.
        validation: Validation tasks.
        parameters: How they are played.
        serving: The server of the loop's policies; None: they are loaded.
        compute: Where they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of sampling, as in the evaluation.

    Returns:
        Part of the report: the success of both under ``checkpoints``, if there are two; and pi_k. If both are equally
        good, it is the last checkpoint.
    """
    if len(trained) == 1:
        return {}, trained[0]
    spec = environment_spec(environment, environments)
    run_seed = derive_seed(seed, "evaluation")
    success = {}
    for name, policy in zip(NAMES, trained, strict=True):
        how = parameters, parameters.temperature, run_seed, policy.iteration, f"{policy.id}, {name} checkpoint"
        played = play(policy, spec, validation, *how, serving=serving, compute=compute)
        counted = [episode for episode in settled(played) if not episode.stop.is_infrastructure]
        success[name] = wilson(sum(episode.success for episode in counted), len(counted))
    kept = max(NAMES, key=lambda name: success[name].rate)
    figures = {
        name: {"success": each.rate, "low": each.low, "high": each.high, "episodes": each.total}
        for name, each in success.items()
    }
    return {"checkpoints": {**figures, "kept": kept}}, trained[NAMES.index(kept)]
