"""What a teacher's advice is worth and hangs on, on generated games."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.records import Episode, Task
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.probing import action_costs, swapped_decisions

BENCHMARK = ALFWorld(**{"source": "generated"})
ORACLE = BENCHMARK.oracle()
TASKS = BENCHMARK.tasks("train", 8, 3)


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    played = demonstrations(BENCHMARK, TASKS, "surfaces", max_actions=15, noise=0.4, seed=0)
    return [each.episode for each in played]


def test_costs_are_those_of_the_two_actions_in_the_same_state(episodes: list[Episode]) -> None:
    environment, other = BENCHMARK.environment(), BENCHMARK.environment()
    teacher = OracleTeacher(BENCHMARK, "surfaces", 75)
    refused = 0
    for episode in episodes:
        corrected = teacher.correct(episode)
        pairs = list(action_costs(environment, ORACLE, episode, corrected))
        assert len(pairs) == len(episode.steps)
        for step, (students, teachers) in enumerate(pairs):
            for action, cost in (
                (episode.steps[step].action, students),
                (corrected.corrections[step].action, teachers),
            ):
                _play(other, episode.task, [each.action for each in episode.steps[:step]])
                other.step(action)
                assert ORACLE.cost_to_go(other) == cost
        refused += any(not step.accepted for step in episode.steps)
    assert not refused


def test_a_refused_action_leaves_the_student_where_it_was(episodes: list[Episode]) -> None:
    episode = episodes[0]
    start = replace(episode.steps[0], action="go to the moon", accepted=False)
    lost = replace(episode, steps=(start,), final_observation="Nothing happens.")
    teacher = OracleTeacher(BENCHMARK, "surfaces", 100)
    environment = BENCHMARK.environment()
    ((students, teachers),) = action_costs(environment, ORACLE, lost, teacher.correct(lost))
    assert students == teachers + 1


@pytest.mark.parametrize(("privilege", "hangs_on_secrets"), [(0, False), (75, True), (100, True)])
def test_advice_hangs_on_what_is_hidden_where_privilege_is_used(
    episodes: list[Episode], privilege: int, hangs_on_secrets: bool
) -> None:
    environment, teacher = BENCHMARK.environment(), OracleTeacher(BENCHMARK, "surfaces", privilege)

    def changes() -> Iterator[bool]:
        for episode in episodes:
            expert = BENCHMARK.expert("surfaces")
            found = list(swapped_decisions(environment, ORACLE, expert, teacher, episode, 2, seed=0))
            corrections = teacher.correct(episode).corrections
            assert [given.action if given else "" for given, _ in found] == [each.action for each in corrections]
            assert any(others for _, others in found)
            yield from (given != other for given, others in found for other in others)

    assert any(changes()) == hangs_on_secrets


def _play(environment, task: Task, actions: list[str]) -> None:  # type: ignore[no-untyped-def]
    environment.reset(task)
    for action in actions:
        environment.step(action)
