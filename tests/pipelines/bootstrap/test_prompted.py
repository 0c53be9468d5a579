"""Demonstrations by a prompted language model."""

from dataclasses import replace
from pathlib import Path

import pytest
from language_models.real_server import MODEL

from leap_kedro.compute import ComputeParameters
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.bootstrap.nodes import make_demonstrations
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.bootstrap.prompted import NoDemonstrations
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherParameters
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.records import Example, Task
from leap_kedro.training.parameters import FineTuningParameters

HOUSES = "environments.houses:Houses"


def demonstrated(url: str, cache: Path, tasks: list[Task], max_actions: int) -> list[Example]:
    bootstrap = BootstrapParameters(
        demonstrator=f"openai:{MODEL}", demonstrations=len(tasks), noise=0.1, max_actions=max_actions
    )
    return make_demonstrations(
        {"train": tasks},
        bootstrap,
        CorrectionParameters(teacher=TeacherParameters(expert="none")),
        ComputeParameters(),
        HOUSES,
        {},
        seed=0,
        access=Access(cache=cache),
        base={},
        fine_tuning=FineTuningParameters(epochs=1),
        serving=None,
        playing=EvaluationParameters(max_actions=30, max_reply_tokens=24),
        server=ServerParameters(base_url=url, concurrency=2, max_tokens=24),
    )


@pytest.mark.slow
def test_the_solved_episodes_of_a_real_model_are_kept(language_model_url: str, tmp_path: Path) -> None:
    tasks = make_benchmark(EnvironmentSpec(HOUSES, {})).tasks("train", 4, 0)
    found = demonstrated(language_model_url, tmp_path, tasks, max_actions=6)
    assert 1 <= len(found) <= 4
    boxes = {f"0/{task.id}": task.payload["box"] for task in tasks}
    for example in found:
        assert example.turns[-1].observation == "You found it."
        assert example.targets[-1].action == f"open the {boxes[example.episode.rpartition('/')[0]]} box"
        assert all(target.reason for target in example.targets)
    unsolvable = replace(tasks[0], id="train/violet", payload={"box": "violet"})
    with pytest.raises(NoDemonstrations, match=f"'openai:{MODEL}'.*solved none of 1 training tasks within 2"):
        demonstrated(language_model_url, tmp_path, [unsolvable], max_actions=2)
