"""D_k, and the training set as a mix of D_0..D_k."""

from dataclasses import replace
from pathlib import Path

import pytest
from pipelines.stages import finished, run, small_catalog, small_parameters
from recorded import make_episode, make_step

from leap_kedro.pipelines.aggregation import create_pipeline
from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.aggregation.nodes import mix
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters, Mix
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherParameters
from leap_kedro.pipelines.history import History
from leap_kedro.records import (
    CorrectedEpisode,
    Correction,
    Episode,
    Example,
    OwnReply,
    ParseStatus,
    Rejection,
    Target,
    Turn,
    Verdict,
)
from leap_kedro.records.episode import task_of

ORACLE = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))


def judged(episode: Episode, *verdicts: Verdict, rejection: Rejection | None = None) -> CorrectedEpisode:
    return CorrectedEpisode(
        episode.id,
        tuple(
            Correction(episode.id, step, verdict, "r", f"action {step}", "t", 50, (), rejection)
            for step, verdict in enumerate(verdicts)
        ),
    )


def example(iteration: int, number: int) -> Example:
    return Example(
        f"{iteration}/{number}", iteration, "alfworld", "hall", (Turn("look", "x"),), (Target(0, "r", "look"),)
    )


PARTS = [[example(k, n) for n in range(size)] for k, size in enumerate((4, 6, 2))]


@pytest.fixture(scope="module")
def history(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Two finished iterations, with D_0 and D_1."""
    folder = tmp_path_factory.mktemp("history")
    return {k: finished(folder, k, tiny_base, PARTS[k]) for k in (0, 1)}


def mixed(history: History, newest: list[Example], how: AggregationParameters, iteration: int = 2) -> list[Example]:
    return mix(history, newest, how, seed=0, iteration=iteration)


def test_the_pipeline_learns_what_was_accepted_and_mixes_it_with_earlier_data(history: History, tmp_path: Path) -> None:
    episodes = [make_episode(0), make_episode(1), make_episode(2)]
    keep, correct = Verdict.KEEP, Verdict.CORRECT
    corrections = [
        judged(episodes[1], keep, correct),
        judged(episodes[0], correct, keep),
        judged(episodes[2], keep, correct, rejection=Rejection.LEAKED),
    ]
    parameters = small_parameters({"aggregation": {"mix": "all", "held_out_share": 0.0}})
    catalog = small_catalog(tmp_path, parameters, rollouts=episodes, corrections=corrections, history=history)
    run(create_pipeline(), catalog)
    examples = catalog.load("examples")
    assert [each.episode for each in examples] == [episodes[0].id, episodes[1].id]
    assert [each.turns for each in examples] == [episodes[0].turns, episodes[1].turns]
    assert [[target.step for target in each.targets] for each in examples] == [[0, 1], [0, 1]]
    assert examples[0].targets[0].rejected == OwnReply(episodes[0].steps[0].reason, episodes[0].steps[0].action)
    assert catalog.load("training_set") == [*PARTS[0], *examples]


def test_an_episode_is_learnt_up_to_so_many_changed_actions() -> None:
    episode = make_episode(steps=(make_step(),) * 5)
    corrections = judged(episode, Verdict.KEEP, Verdict.CORRECT, Verdict.KEEP, Verdict.CORRECT, Verdict.KEEP)
    two = ORACLE.model_copy(update={"max_corrections_per_episode": 2})
    (learnt,) = build_examples([episode], [corrections], two)
    assert [target.step for target in learnt.targets] == [0, 1, 2, 3]
    (whole,) = build_examples([episode], [corrections], ORACLE)
    assert [target.step for target in whole.targets] == [0, 1, 2, 3, 4]


def test_an_own_reply_that_could_not_be_read_is_nothing_to_prefer_the_correction_to() -> None:
    episode = make_episode(steps=(make_step(), make_step(parse_status=ParseStatus.NO_ACTION)))
    (learnt,) = build_examples([episode], [judged(episode, Verdict.CORRECT, Verdict.CORRECT)], ORACLE)
    assert [target.rejected is None for target in learnt.targets] == [False, True]


@pytest.mark.parametrize(
    ("policy_of_mix", "counts", "weights"),
    [
        (Mix.ALL, [4, 6, 2], [1.0, 1.0, 1.0]),
        (Mix.EQUAL_SHARE, [2, 2, 2], [1.0, 1.0, 1.0]),
        (Mix.WEIGHTED, [4, 6, 2], [0.25, 0.5, 1.0]),
    ],
)
def test_the_mix(history: History, policy_of_mix: Mix, counts: list[int], weights: list[float]) -> None:
    how = AggregationParameters(mix=policy_of_mix, held_out_share=0)
    found = mixed(history, PARTS[2], how)
    assert [sum(each.iteration == k for each in found) for k in range(3)] == counts
    weight = {each.iteration: each.targets[0].weight for each in found}
    assert [weight[k] for k in range(3)] == weights
    assert mixed(history, PARTS[2][::-1], how) == found


def test_the_data_of_later_iterations_is_left_out_where_an_earlier_one_runs_again(history: History) -> None:
    how = AggregationParameters(mix=Mix.ALL, held_out_share=0)
    assert mixed(history, PARTS[2], how, iteration=1) == [*PARTS[0], *PARTS[2]]


def test_what_is_held_out_is_in_no_training_set_of_any_iteration(tiny_base: Path, tmp_path: Path) -> None:
    parts = [
        [replace(example(k, n), episode=f"{k}/generated/train/s0/{n:06d}/{k}7") for n in range(200)] for k in range(3)
    ]
    history = {k: finished(tmp_path, k, tiny_base, parts[k]) for k in (0, 1)}
    found = mixed(history, parts[2], AggregationParameters(mix=Mix.ALL, held_out_share=0.2))
    trained = [{task_of(each.episode) for each in found if each.iteration == k} for k in range(3)]
    assert len(trained[0]) == 200  # demonstrations
    assert trained[1] == trained[2]
    assert 20 < 200 - len(trained[1]) < 60
    assert not any(is_held_out(task, 0.2) for task in trained[1])
    everything = AggregationParameters(mix=Mix.ALL, held_out_share=0)
    assert mixed(history, parts[2], everything) == [*parts[0], *parts[1], *parts[2]]


def test_a_student_without_a_fault_takes_no_share_from_others(history: History) -> None:
    assert mixed(history, [], AggregationParameters(mix=Mix.EQUAL_SHARE, held_out_share=0), 1) == PARTS[0]
