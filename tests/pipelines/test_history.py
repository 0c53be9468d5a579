"""What an iteration sees of those before it."""

from pathlib import Path

import pytest
from pipelines.stages import finished
from recorded import make_summary

from leap_kedro.pipelines.history import History, before, parent_of, summaries_of


@pytest.fixture(scope="module")
def history(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Three finished iterations."""
    folder = tmp_path_factory.mktemp("history")
    base = make_summary(None, 0, policy="base").to_json()
    results = [[base, make_summary(0, 1).to_json()], [make_summary(1, 2).to_json()], [make_summary(2, 3).to_json()]]
    return {k: finished(folder, k, tiny_base, None, *results[k]) for k in range(3)}


def test_an_iteration_that_runs_again_does_not_see_itself_or_later_ones(history: History) -> None:
    assert before(history, 2) == [history[0], history[1]]
    assert before(history, 1) == [history[0]]


def test_the_parent_is_the_policy_of_the_iteration_before(history: History) -> None:
    assert [parent_of(history, k).id for k in (1, 2, 3)] == ["pi_0", "pi_1", "pi_2"]


def test_summaries_go_from_the_base_to_the_newest(history: History) -> None:
    newest = [make_summary(2, 9).to_json()]
    found = summaries_of(history, newest, 2)
    assert [(each.policy, each.success.count) for each in found] == [("base", 0), ("pi_0", 1), ("pi_1", 2), ("pi_2", 9)]
