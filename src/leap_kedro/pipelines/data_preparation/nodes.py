"""Choice of tasks."""

from collections.abc import Mapping
from random import Random
from typing import Any

from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.records import Task, UserError
from leap_kedro.records.seeds import derive_seed


class TooFewTasks(UserError):
    """A split has fewer tasks than the parameters ask for."""


def prepare_tasks(
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    parameters: DataPreparationParameters,
    seed: int,
) -> dict[str, list[Task]]:
    """Tasks for training, validation and test, without overlap.

    Args:
        environment: Name of the environment.
        environments: Options by environment.
        parameters: Splits and numbers of tasks.
        seed: Seed of generated tasks and of the held-out tasks.

    Returns:
        ``train``: training tasks in a random order; ``validation``: tasks of a separate split, or held out of the
        training split; ``test``: test tasks, split after split.

    Raises:
        TooFewTasks: If a split is too small.
    """
    benchmark = make_benchmark(environment_spec(environment, environments))
    own = parameters.validation_split
    held_out = parameters.validation if own is None else 0
    count = None if parameters.train is None else parameters.train + held_out
    asked = f"{parameters.train or 1} for training" + (f" with {held_out} for validation" if held_out else "")
    drawn = _drawn(benchmark, parameters.train_split, count, asked, held_out + 1, seed)
    shuffled = Random(derive_seed(seed, "held out")).sample(drawn, len(drawn))
    validation, train = shuffled[:held_out], shuffled[held_out:]
    if own is not None:
        asked = f"{parameters.validation} for validation"
        validation = _drawn(benchmark, own, parameters.validation, asked, 1, seed)
    known = {task.id for task in (*drawn, *validation)}
    test = [
        task
        for split, wanted in parameters.test.items()
        if wanted != 0
        for task in benchmark.tasks(split, wanted, seed)
        if task.id not in known
    ]
    return {"train": train, "validation": validation, "test": test}


def _drawn(benchmark: Benchmark, split: str, count: int | None, asked: str, least: int, seed: int) -> list[Task]:
    """`count` tasks of a split, or all if None. Raises `TooFewTasks` if it has fewer than `count` or `least`."""
    drawn = benchmark.tasks(split, count, seed)
    if len(drawn) < (least if count is None else count):
        raise TooFewTasks(
            f"Split '{split}' has {len(drawn)} tasks, and {asked} are asked for: lower data_preparation.train or "
            "data_preparation.validation (conf/<env>/parameters.yml, conf/<env>/environments/)."
        )
    return drawn
