"""The oracle teacher on episodes of generated games."""

from dataclasses import replace

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions, Backend
from leap_kedro.environments.protocol import EnvironmentFailure
from leap_kedro.records import Episode, ParseStatus, Rejection, Step, StopReason, Verdict
from leap_kedro.teachers.constrained import LEVELS, Constraint
from leap_kedro.teachers.demonstrations import Demonstration, demonstrations
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.protocol import ReplayMismatch

BENCHMARK = ALFWorld(ALFWorldOptions())
TASKS = BENCHMARK.tasks("train", 40, seed=11)


@pytest.fixture(scope="module")
def played() -> list[Demonstration]:
    return list(demonstrations(BENCHMARK, TASKS, "surfaces", max_actions=30, noise=0.3, seed=3))


def stumbling_episode() -> Episode:
    """A student that only walks to the first place, again and again, and then says nothing."""
    environment = BENCHMARK.environment()
    seen = environment.reset(TASKS[0])
    first = next(action for action in seen.admissible or () if action.startswith("go to "))
    steps = []
    for action in (first, first, first, ""):
        result = environment.step(action)
        steps.append(
            Step(seen.text, seen.admissible, action, "", action, ParseStatus.OK, result.accepted, result.score)
        )
        seen = result.observation
    return Episode(TASKS[0], "pi_1", 1, 3, tuple(steps), seen.text, 0.0, False, StopReason.STEP_LIMIT)


def test_without_privilege_it_says_what_the_searcher_says(played: list[Demonstration]) -> None:
    teacher = OracleTeacher(BENCHMARK, "surfaces", privilege=0)
    for demonstration in played:
        corrections = teacher.correct(demonstration.episode).corrections
        for correction, label in zip(corrections, demonstration.labels, strict=True):
            if correction.accepted:
                assert label is not None
                assert (correction.reason, correction.action) == (label.reason, label.action)


@pytest.mark.parametrize("privilege", [0, 25, 50, 75])
def test_every_step_gets_an_executable_label_that_leaks_nothing(played: list[Demonstration], privilege: int) -> None:
    teacher = OracleTeacher(BENCHMARK, "surfaces", privilege)
    for demonstration in played:
        episode = demonstration.episode
        corrections = teacher.correct(episode).corrections
        assert [correction.step for correction in corrections] == list(range(len(episode.steps)))
        for correction, step in zip(corrections, episode.steps, strict=True):
            assert correction.episode == episode.id
            assert correction.privilege == privilege
            assert correction.leaked == ()
            if correction.rejection is not Rejection.NO_PLAN:
                assert correction.accepted
                assert correction.action in (step.admissible or ())
                assert (correction.verdict is Verdict.KEEP) == (correction.action == step.action)


def departures(played: list[Demonstration], teacher: OracleTeacher) -> int:
    return sum(
        label is not None and correction.accepted and correction.action != label.action
        for demonstration in played
        for correction, label in zip(
            teacher.correct(demonstration.episode).corrections, demonstration.labels, strict=True
        )
    )


def test_more_privilege_departs_more_from_the_searcher(played: list[Demonstration]) -> None:
    counts = [departures(played, OracleTeacher(BENCHMARK, "surfaces", level, reject_leaks=False)) for level in LEVELS]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert len(set(counts)) == len(LEVELS)


@pytest.mark.parametrize(
    ("level", "hint"), [(25, None), (50, "Such things are often at a "), (75, "Perhaps it is at ")]
)
def test_reasons_say_by_level_where_privilege_decided(
    played: list[Demonstration], level: int, hint: str | None
) -> None:
    teacher = OracleTeacher(BENCHMARK, "surfaces", level)
    departed = []
    for demonstration in played:
        for correction, label in zip(
            teacher.correct(demonstration.episode).corrections, demonstration.labels, strict=True
        ):
            if label is None or not correction.accepted:
                continue
            if correction.action == label.action:
                assert correction.reason == label.reason
            else:
                departed.append(correction)
    assert departed
    for correction in departed:
        assert correction.reason.startswith("I need a")
        if hint is None:
            assert "often" not in correction.reason
        else:
            place = correction.action.split(" ", 2 if correction.action.startswith("go to") else 1)[-1]
            assert correction.reason.endswith(hint + (place if level == 75 else place.split()[0]) + ".")


def test_varied_wording_is_seeded_and_changes_nothing_but_words(played: list[Demonstration]) -> None:
    episodes = [demonstration.episode for demonstration in played[:5]]
    plain, varied, again = (
        list(OracleTeacher(BENCHMARK, "surfaces", varied_wording=various).correct_all(episodes))
        for various in (False, True, True)
    )
    assert varied == again
    assert varied != plain
    pairs = [
        pair
        for one, other in zip(plain, varied, strict=True)
        for pair in zip(one.corrections, other.corrections, strict=True)
    ]
    assert all(replace(other, reason=one.reason) == one for one, other in pairs)
    assert len({other.reason.split(".")[0].split()[1] for _, other in pairs if other.reason}) > 1


def test_a_large_advantage_is_needed_to_depart(played: list[Demonstration]) -> None:
    eager, patient = (
        departures(
            played, OracleTeacher(BENCHMARK, "surfaces", constraint=Constraint(temperature=0.5, least_saving=saving))
        )
        for saving in (1, 30)
    )
    assert eager > 0
    assert patient == 0


def test_full_privilege_is_a_shortest_way_and_names_the_secret() -> None:
    environment, oracle = BENCHMARK.environment(), BENCHMARK.oracle()
    teacher = OracleTeacher(BENCHMARK, "surfaces", privilege=100)
    leaked = 0
    for demonstration in demonstrations(BENCHMARK, TASKS[:10], "surfaces", max_actions=30, noise=0, seed=3):
        environment.reset(demonstration.episode.task)
        corrections = teacher.correct(demonstration.episode).corrections
        for correction, step in zip(corrections, demonstration.episode.steps, strict=True):
            now = oracle.cost_to_go(environment)
            assert oracle.lookahead(environment, [correction.action]) == [now - 1 if now else None]
            environment.step(step.action)
            leaked += bool(correction.leaked)
            assert correction.accepted
    assert leaked > 0


def test_after_a_refused_action_comes_the_next_useful_one() -> None:
    episode = stumbling_episode()
    corrections = OracleTeacher(BENCHMARK, "surfaces").correct(episode).corrections
    assert [step.accepted for step in episode.steps] == [True, False, False, False]
    assert all(correction.accepted for correction in corrections)
    assert all(correction.verdict is Verdict.CORRECT for correction in corrections[1:])
    assert len({correction.action for correction in corrections[1:]}) == 1
    assert corrections[1].action != episode.steps[0].action


def test_an_episode_that_the_environment_does_not_repeat_is_refused(played: list[Demonstration]) -> None:
    episode = played[0].episode
    steps = list(episode.steps)
    steps[1] = replace(steps[1], observation="You see a unicorn 1.")
    with pytest.raises(ReplayMismatch, match=r"step 1: .*unicorn 1.*play it again"):
        OracleTeacher(BENCHMARK, "surfaces").correct(replace(episode, steps=tuple(steps)))
    with pytest.raises(EnvironmentFailure, match="You win"):
        OracleTeacher(BENCHMARK, "surfaces").correct(replace(episode, final_observation="You win."))


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="40 %; the levels are 0, 25, 50, 75, 100"):
        OracleTeacher(BENCHMARK, "surfaces", privilege=40)


def test_without_the_native_engine_there_is_no_oracle() -> None:
    reference = ALFWorld(ALFWorldOptions(backend=Backend.TEXTWORLD))
    with pytest.raises(EnvironmentFailure, match=r"backend` is 'textworld'.*environments\.alfworld\.backend=native"):
        OracleTeacher(reference, "surfaces")
