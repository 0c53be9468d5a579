"""Whether a teacher's action is executable, in environments of another package."""

import pytest
from environments.houses import House, Houses, MoodyHouses, PlannedHouses, SilentHouse
from environments.test_completed import completed

from leap_kedro.environments.completed import Completed
from leap_kedro.environments.protocol import Decision
from leap_kedro.policies.protocol import Reply
from leap_kedro.policies.running_episode import PlaySettings, RunningEpisode
from leap_kedro.records import Correction, Episode, ParseStatus, Rejection
from leap_kedro.teachers.briefing import brief
from leap_kedro.teachers.judging import Judge


class UnlistedHouses(Houses):
    house: type[House] = SilentHouse


class UnlistedPlannedHouses(PlannedHouses):
    house: type[House] = SilentHouse


def played(benchmark: Completed, *actions: str) -> Episode:
    (task,) = benchmark.tasks("train", 1, 0)
    running = RunningEpisode(task, benchmark, "pi_0", PlaySettings(max_actions=len(actions)))
    for action in actions:
        running.take(Reply(action, "I look.", action, ParseStatus.OK))
    return running.result()


def judged(houses: Houses, advised: str) -> Correction:
    benchmark = completed(houses)
    right = f"open the {houses.tasks('train', 1, 0)[0].payload['box']} box"
    wrong = next(f"open the {colour} box" for colour in ("red", "green") if colour not in right)
    episode = played(benchmark, wrong, "fly away")
    advice = Decision("It glitters.", right if advised == "right" else advised)
    return Judge("me", 75).correction(brief(benchmark, benchmark.oracle(), episode), 1, advice)


@pytest.mark.parametrize("houses", [Houses(), UnlistedHouses(), UnlistedPlannedHouses()])
def test_the_list_or_a_replay_tells(houses: Houses) -> None:
    assert judged(houses, "right").accepted
    assert judged(houses, "fly home").rejection is Rejection.NOT_EXECUTABLE
    assert judged(houses, "fly away").rejection is Rejection.NOT_EXECUTABLE
    assert not judged(houses, "right").untried


def test_an_environment_that_does_not_repeat_itself_leaves_it_open_but_for_what_was_done() -> None:
    assert judged(MoodyHouses(), "right").accepted
    assert judged(MoodyHouses(), "right").untried
    assert judged(MoodyHouses(), "fly away").rejection is Rejection.NOT_EXECUTABLE
