"""What the tests of several stages start from."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pipelines.stages import GENERATED, finished

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.pipelines.history import History
from leap_kedro.records import Episode, Task
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training import launch


@pytest.fixture(scope="session")
def benchmark() -> Benchmark:
    return ALFWorld(**GENERATED["alfworld"])


@pytest.fixture(scope="session")
def tasks(benchmark: Benchmark) -> dict[str, list[Task]]:
    """Six training tasks, three validation tasks, one and two test tasks of two splits."""
    return {
        "train": benchmark.tasks("train", 6, 0),
        "validation": benchmark.tasks("train", 3, 7),
        "test": [*benchmark.tasks("valid_seen", 1, 0), *benchmark.tasks("valid_unseen", 2, 0)],
    }


@pytest.fixture(scope="session")
def history(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Iteration 0, with a tiny random policy as pi_0."""
    return {0: finished(tmp_path_factory.mktemp("history"), 0, tiny_base)}


@pytest.fixture(scope="session")
def rollouts(benchmark: Benchmark, tasks: dict[str, list[Task]]) -> list[Episode]:
    """Episodes of iteration 1 on the training tasks, by an expert with noise in the student's place."""
    played = demonstrations(benchmark, tasks["train"], "surfaces", max_actions=6, noise=0.4, seed=7)
    return [replace(each.episode, iteration=1) for each in played]


@pytest.fixture(scope="module")
def training_in_process() -> Iterator[None]:
    """Trainings run in this process, so that a test waits for no other Python to start."""
    from leap_kedro.training.fine_tuning import fine_tune
    from leap_kedro.training.parameters import Job
    from leap_kedro.training.store import PackedFile

    def run(job_file: Path, _: object, on_progress: Any) -> Any:
        job = Job.model_validate_json(job_file.read_text())
        data, held_out = PackedFile(job.data), PackedFile(job.validation) if job.validation else ()
        where = job.checkpoints, job.target
        return fine_tune(job.start, data, job.parameters, *where, validation=held_out, on_progress=on_progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "_run", run)
        yield
