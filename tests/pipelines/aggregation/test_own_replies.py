"""What the methods that learn from the student's own replies are trained on."""

from dataclasses import replace
from pathlib import Path

import pytest
from pipelines.stages import finished, run, small_catalog, small_parameters
from recorded import make_episode, make_step

from leap_kedro.pipelines.aggregation import create_pipeline
from leap_kedro.pipelines.aggregation.own_replies import advantages, compared_replies, informed_replies
from leap_kedro.records import (
    CorrectedEpisode,
    Episode,
    Example,
    ParseStatus,
    PrivilegedState,
    StopReason,
    Target,
    Turn,
)

REFUSED = make_step(accepted=False)
UNREADABLE = make_step("", parse_status=ParseStatus.NO_ACTION)


def group(number: int, *scores: float) -> list[Episode]:
    return [replace(make_episode(number), seed=seed, score=score) for seed, score in enumerate(scores)]


def test_advantages_are_those_of_trl() -> None:
    import torch

    scores = [0.0, 1.0, 0.25, 0.0, 1.0]
    rewards = torch.tensor(scores)
    expected = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    assert advantages(scores) == pytest.approx(expected.tolist())
    assert advantages([0.5, 0.5, 0.5]) == [0.0, 0.0, 0.0]


def test_every_reply_of_a_group_with_a_spread_is_compared() -> None:
    solved, failed = group(0, 1.0, 0.0)
    failed = replace(failed, steps=(REFUSED, UNREADABLE, make_step("look")))
    broken = replace(solved, seed=9, stop=StopReason.POLICY_ERROR)
    found = compared_replies([broken, failed, *group(1, 1.0, 1.0), *group(2, 0.0), solved])
    assert [example.episode for example in found] == [solved.id, failed.id]
    weights = [target.weight for example in found for target in example.targets]
    assert weights == pytest.approx([0.7070, 0.7070, -0.7070, -0.7070], abs=1e-4)
    assert [(target.step, target.action) for target in found[1].targets] == [(0, "go to desk 1"), (2, "look")]
    assert [target.reason for target in found[0].targets] == [step.reason for step in solved.steps]


def test_the_student_as_a_teacher_knows_the_secret_of_its_level() -> None:
    episodes = group(0, 1.0, 0.0)
    hidden = PrivilegedState("put a mug", ("mug 1",), ("mug 1 is in drawer 1.",), ("open drawer 1",))
    corrections = [CorrectedEpisode(episodes[0].id, (), hidden=hidden), CorrectedEpisode(episodes[1].id, ())]
    (example,) = informed_replies(episodes, corrections, 50)
    assert (example.episode, example.privileged) == (episodes[0].id, "mug 1 is in drawer 1.")
    assert [target.weight for target in example.targets] == [1.0, 1.0]


def test_earlier_data_is_not_mixed_with_the_present_replies(tiny_base: Path, tmp_path: Path) -> None:
    demonstration = Example("0/t/0", 0, "alfworld", "hall", (Turn("look", "x"),), (Target(0, "r", "look"),))
    history = {0: finished(tmp_path, 0, tiny_base, [demonstration])}
    parameters = small_parameters({"training.method": "grpo", "aggregation.held_out_share": 0.9})
    values = {"rollouts": group(0, 0.0, 1.0, 0.0), "corrections": [], "history": history}
    catalog = small_catalog(tmp_path, parameters, **values)
    run(create_pipeline(), catalog)
    assert [example.iteration for example in catalog.load("training_set")] == [1, 1, 1]
    assert catalog.load("training_set") == catalog.load("examples")
