"""Demonstrations of an unprivileged expert."""

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.records import StopReason
from leap_kedro.teachers.demonstrations import Demonstration, demonstrations, informed
from leap_kedro.teachers.oracle import OracleTeacher

BENCHMARK = ALFWorld(ALFWorldOptions())
TASKS = BENCHMARK.tasks("train", 30, seed=2)


def play(noise: float, max_actions: int = 30) -> list[Demonstration]:
    return list(demonstrations(BENCHMARK, TASKS, "surfaces", max_actions=max_actions, noise=noise, seed=3))


def test_without_noise_the_expert_does_what_it_says_and_nothing_is_refused() -> None:
    for demonstration in play(noise=0):
        for step, label in zip(demonstration.episode.steps, demonstration.labels, strict=True):
            assert label is not None
            assert (step.reason, step.action) == (label.reason, label.action)
            assert step.accepted


def test_with_noise_the_label_stays_the_experts() -> None:
    made = play(noise=0.3)
    pairs = [(step, label) for one in made for step, label in zip(one.episode.steps, one.labels, strict=True) if label]
    strayed = sum(step.action != label.action for step, label in pairs)
    assert 0.2 < strayed / len(pairs) < 0.35
    assert all(label.action in (step.admissible or ()) for step, label in pairs)


def test_an_example_has_every_label_as_a_target() -> None:
    demonstration = play(noise=0.3)[0]
    example = demonstration.example()
    assert example.iteration == 0
    assert example.environment == "alfworld"
    assert example.opening == demonstration.episode.opening
    assert example.turns == demonstration.episode.turns
    assert [(t.step, t.reason, t.action) for t in example.targets] == [
        (step, label.reason, label.action) for step, label in enumerate(demonstration.labels) if label
    ]


@pytest.mark.parametrize("privilege", [50, 75])
def test_informed_it_is_the_same_episode_with_the_facts_in_front_and_the_teachers_labels(privilege: int) -> None:
    teacher = OracleTeacher(BENCHMARK, "surfaces", privilege)
    differing = 0
    for demonstration in play(noise=0.3)[:10]:
        plain, example = demonstration.example(), informed(demonstration, BENCHMARK, teacher)
        assert (example.episode, example.opening, example.turns) == (plain.episode, plain.opening, plain.turns)
        assert f" {example.privileged} ".count(" is in ") >= 1
        corrected = teacher.correct(demonstration.episode).corrections
        assert [(t.step, t.reason, t.action) for t in example.targets] == [
            (c.step, c.reason, c.action) for c in corrected if c.accepted
        ]
        differing += example.targets != plain.targets
    assert differing


def test_success_and_stop_reason() -> None:
    made = play(noise=0, max_actions=6)
    solved = [one.episode for one in made if one.episode.success]
    cut = [one.episode for one in made if not one.episode.success]
    assert solved
    assert cut
    assert {episode.stop for episode in solved} == {StopReason.SOLVED}
    assert {episode.stop for episode in cut} == {StopReason.STEP_LIMIT}
    assert all(len(episode.steps) == 6 for episode in cut)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_the_same_seeds_give_the_same_episodes(noise: float) -> None:
    assert play(noise) == play(noise)
