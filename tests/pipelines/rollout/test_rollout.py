"""The student plays training tasks, alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError
from pipelines.stages import finished, run, small_catalog, small_parameters

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.language_models import Access
from leap_kedro.pipelines.correction import create_pipeline as correct
from leap_kedro.pipelines.episodes import pending_groups
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.rollout import create_pipeline
from leap_kedro.pipelines.rollout.nodes import choose_tasks
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.records import Episode, StopReason, Task, encode
from leap_kedro.records.seeds import derive_seed

Tasks = dict[str, list[Task]]
FEW = {"rollout.episodes": 5, "rollout.max_actions": 3, "rollout.max_reply_tokens": 24}


def catalog_of(data: Path, tasks: Tasks, history: History, iteration: int = 1) -> DataCatalog:
    return small_catalog(data, small_parameters(FEW, iteration), tasks=tasks, history=history)


@pytest.fixture(scope="module")
def played(tasks: Tasks, history: History, tmp_path_factory: pytest.TempPathFactory) -> list[Episode]:
    catalog = catalog_of(tmp_path_factory.mktemp("rollout"), tasks, history)
    run(create_pipeline(), catalog)
    episodes: list[Episode] = catalog.load("rollouts")
    return episodes


def test_the_student_plays_so_many_training_tasks_and_each_once(played: list[Episode], tasks: Tasks) -> None:
    assert len({episode.id for episode in played}) == 5
    assert {episode.task.id for episode in played} < {task.id for task in tasks["train"]}
    assert {(episode.policy, episode.iteration) for episode in played} == {("pi_0", 1)}


def test_stored_episodes_are_kept_and_broken_ones_are_played_again(
    played: list[Episode], tasks: Tasks, history: History, tmp_path: Path
) -> None:
    catalog = catalog_of(tmp_path, tasks, history)
    broken = replace(played[0], stop=StopReason.POLICY_ERROR)
    kept = [broken, *played[1:4]]
    store = tmp_path / "02_episodes/small/iter_1/rollouts.jsonl"
    store.parent.mkdir(parents=True)
    store.with_name("rollouts.jsonl.partial").write_text("".join(f"{encode(each)}\n" for each in kept))
    run(create_pipeline(), catalog)
    stored = catalog.load("rollouts")
    assert stored[:4] == kept
    assert {each.id: each for each in stored[4:]} == {each.id: each for each in (played[0], played[4])}
    run(create_pipeline(), catalog)
    assert catalog.load("rollouts") == stored


def test_each_task_is_played_by_a_group_that_differs_in_its_seeds(
    played: list[Episode], tasks: Tasks, history: History, tmp_path: Path
) -> None:
    parameters = small_parameters({**FEW, "rollout.episodes": 6, "rollout.group_size": 3, "rollout.temperature": 2.0})
    catalog = small_catalog(tmp_path, parameters, tasks=tasks, history=history)
    run(create_pipeline(), catalog)
    groups: dict[str, list[Episode]] = {}
    for episode in catalog.load("rollouts"):
        groups.setdefault(episode.task.id, []).append(episode)
    assert [len({each.seed for each in group}) for group in groups.values()] == [3, 3]
    assert [len({each.steps for each in group}) for group in groups.values()] == [3, 3]
    alone = {episode.task.id: episode.seed for episode in played}
    assert all(alone[task] in {each.seed for each in group} for task, group in groups.items())

    first, second = groups.values()
    broken = [replace(first[0], stop=StopReason.POLICY_ERROR), *first[1:], second[0]]
    pending = pending_groups([first[0].task, second[0].task], broken, derive_seed(0, "rollout", 1), 3)
    assert {each.id for each in pending} == {f"{each.task.id}/{each.seed}" for each in (first[0], *second[1:])}


def test_the_parent_is_the_policy_of_the_iteration_before(
    tasks: Tasks, history: History, tiny_base: Path, tmp_path: Path
) -> None:
    later = {k: finished(tmp_path / "later", k, tiny_base) for k in (1, 2)}
    catalog = catalog_of(tmp_path, tasks, {**history, **later}, iteration=2)
    run(create_pipeline(), catalog)
    assert {(episode.policy, episode.iteration) for episode in catalog.load("rollouts")} == {("pi_1", 2)}


def test_a_policy_that_cannot_answer_stops_the_stage(tasks: Tasks, history: History, tmp_path: Path) -> None:
    unknown = {**tasks, "train": [replace(task, payload={}) for task in tasks["train"]]}
    with pytest.raises(DatasetError, match=r"rollout of pi_0.*all 5 episodes"):
        run(create_pipeline(), catalog_of(tmp_path, unknown, history))


def test_no_secret_reaches_a_student_that_plays(
    tasks: Tasks, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    opening = EmbeddedRenderer.opening

    def spied(self: EmbeddedRenderer, observation: str, privileged: str = "") -> Any:
        shown.append(privileged)
        return opening(self, observation, privileged)

    monkeypatch.setattr(EmbeddedRenderer, "opening", spied)
    monkeypatch.setattr(ALFWorld, "oracle", lambda _: pytest.fail("a player asked for the privileged side"))
    run(create_pipeline(), catalog_of(tmp_path, tasks, history))
    assert shown
    assert not any(shown)


def test_the_demonstrator_plays_the_same_tasks_and_learns_from_its_own_decisions(
    played: list[Episode], tasks: Tasks, history: History, tmp_path: Path
) -> None:
    """Imitation: corrected by the demonstrator, a rollout without random actions stays as it is."""
    imitation = {
        **FEW,
        "rollout.player": "demonstrator",
        "bootstrap.noise": 0.0,
        "correction.privilege": 0,
        "correction.teacher.expert": "surfaces",
    }
    values = {"tasks": tasks, "history": history, "language_models": Access()}
    catalog = small_catalog(tmp_path, small_parameters({"bootstrap.demonstrator": "surfaces", **imitation}), **values)
    run(create_pipeline() + correct(), catalog)
    shown = catalog.load("rollouts")
    assert {(episode.policy, episode.iteration) for episode in shown} == {("surfaces", 1)}
    assert {episode.task.id: episode.seed for episode in shown} == {each.task.id: each.seed for each in played}
    labels = {
        each.episode: [(one.reason, one.action) for one in each.corrections] for each in catalog.load("corrections")
    }
    assert labels == {episode.id: [(step.reason, step.action) for step in episode.steps] for episode in shown}


def test_no_task_is_rolled_out_again_before_all_others(tasks: Tasks) -> None:
    drawn = [choose_tasks(tasks["train"], 2, iteration, seed=3) for iteration in (1, 2, 3)]
    assert {task.id for each in drawn for task in each} == {task.id for task in tasks["train"]}
    assert choose_tasks(tasks["train"], 2, 4, seed=3) == drawn[0]
    assert len(choose_tasks(tasks["train"], 100, 1, seed=3)) == len(tasks["train"])
