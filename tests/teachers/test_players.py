"""Experts as players."""

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.protocol import Decision
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import Episode, StopReason
from leap_kedro.records.seeds import episode_seed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.players import play_expert
from leap_kedro.teachers.probing import Decider

BENCHMARK = ALFWorld(ALFWorldOptions())
TASKS = BENCHMARK.tasks("valid_unseen", 12, seed=1)
PLANNER = OracleTeacher(BENCHMARK, "surfaces", privilege=100)


def played(cap: int, teacher: Decider | None = None) -> list[Episode]:
    return list(play_expert(BENCHMARK, TASKS, "surfaces", PlaySettings(cap, seed=5), name="expert", teacher=teacher))


@pytest.mark.parametrize("teacher", [None, PLANNER], ids=["unprivileged", "privileged"])
def test_episodes_are_those_of_a_policy_with_the_same_cap(teacher: Decider | None) -> None:
    episodes = played(8, teacher)
    assert [episode.task for episode in episodes] == TASKS
    assert {episode.stop for episode in episodes} <= {StopReason.SOLVED, StopReason.STEP_LIMIT}
    assert all(len(episode.steps) == 8 for episode in episodes if not episode.success)
    assert all(step.accepted for episode in episodes for step in episode.steps)
    assert (episodes[0].policy, episodes[0].seed) == ("expert", episode_seed(5, TASKS[0].id))


def test_the_privileged_one_is_an_upper_bound() -> None:
    bound, unprivileged = played(30, PLANNER), played(30)
    assert all(episode.success for episode in bound)
    for best, other in zip(bound, unprivileged, strict=True):
        assert len(best.steps) <= len(other.steps)


def test_who_knows_nothing_more_lets_its_actions_pass_and_who_breaks_is_an_infrastructure_error() -> None:
    class Silent:
        def decide(self, *_: object) -> Decision | None:
            return None

    class Broken:
        def decide(self, *_: object) -> Decision | None:
            raise RuntimeError("no plan")

    assert {(e.stop, len(e.steps), e.success) for e in played(3, Silent())} == {(StopReason.STEP_LIMIT, 3, False)}
    assert {(e.stop, e.error) for e in played(3, Broken())} == {(StopReason.POLICY_ERROR, "RuntimeError: no plan")}
