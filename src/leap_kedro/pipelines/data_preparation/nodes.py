"""Choice of tasks."""

from collections.abc import Mapping
from random import Random
from typing import Any

from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.seeds import derive_seed
from leap_kedro.records import Task


class TooFewTasks(ValueError):
    """A split has fewer tasks than the parameters ask for."""


def prepare_tasks(
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    parameters: DataPreparationParameters,
    seed: int,
) -> tuple[list[Task], list[Task], list[Task]]:
    """Tasks for training, validation and test; no task is in two of them.

    Args:
        environment: Name of the environment.
        environments: Options by environment.
        parameters: How many.
        seed: Seed of generated tasks and of what is held out.

    Returns:
        Training tasks in a random order, validation tasks held out of the same split, test tasks by split.

    Raises:
        TooFewTasks: If a split is too small.
    """
    benchmark = make_benchmark(environment_spec(environment, environments))
    count = None if parameters.train is None else parameters.train + parameters.validation
    drawn = benchmark.tasks(parameters.train_split, count, seed)
    if len(drawn) <= parameters.validation or (count is not None and len(drawn) < count):
        raise TooFewTasks(
            f"Split '{parameters.train_split}' of {environment} has {len(drawn)} tasks, and {parameters.train or 1} "
            f"for training with {parameters.validation} for validation are asked for: lower data_preparation.train "
            "or data_preparation.validation (conf/<env>/parameters.yml)."
        )
    shuffled = Random(derive_seed(seed, "held out")).sample(drawn, len(drawn))
    validation, train = shuffled[: parameters.validation], shuffled[parameters.validation :]
    known = {task.id for task in drawn}
    test = [
        task
        for split, wanted in parameters.test.items()
        if wanted != 0
        for task in benchmark.tasks(split, wanted, seed)
        if task.id not in known
    ]
    return train, validation, test
