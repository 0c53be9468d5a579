"""Which episodes are pending, and which are settled."""

from dataclasses import replace

import pytest
from recorded import make_episode

from leap_kedro.pipelines.episodes import pending_tasks, settled
from leap_kedro.records import Episode, StopReason
from leap_kedro.records.seeds import episode_seed

RUN_SEED = 5


def of_run(number: int = 0, stop: StopReason = StopReason.STEP_LIMIT, *, steps: bool = True) -> Episode:
    episode = make_episode(number, False, None if steps else (), stop)
    return replace(episode, seed=episode_seed(RUN_SEED, episode.task.id))


@pytest.mark.parametrize(
    ("episode", "pending"),
    [
        (of_run(), False),
        (of_run(stop=StopReason.TOKEN_LIMIT), False),
        (of_run(stop=StopReason.TOKEN_LIMIT, steps=False), True),  # too long before the first decision
        (of_run(stop=StopReason.POLICY_ERROR), True),
        (of_run(stop=StopReason.ENVIRONMENT_ERROR), True),
        (make_episode(), True),  # of a run with another seed
    ],
)
def test_a_task_is_pending_until_an_episode_says_something_about_the_policy(episode: Episode, pending: bool) -> None:
    other = of_run(1).task
    expected = [episode.task, other] if pending else [other]
    assert pending_tasks([episode.task, other], [episode], RUN_SEED) == expected


def test_episodes_are_settled_in_the_order_of_their_ids_whatever_order_they_ended_in() -> None:
    broken, again, other = of_run(1, StopReason.POLICY_ERROR), of_run(1), of_run(0)
    assert settled([broken, again, other]) == settled([broken, other, again]) == [other, again]
