"""Who corrects episodes in the shop: the oracle at each level, and what a language model is shown."""

import pytest
from teachers.llm.lessons import LIBRARY

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import environment_instructions
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.scripted import RandomPolicy
from leap_kedro.records import Episode, Rejection, Verdict
from leap_kedro.teachers.briefing import brief
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View, prompts_of
from leap_kedro.teachers.oracle import OracleTeacher

SPEC = EnvironmentSpec("webshop", {"products": 200})
BENCHMARK = WebShop(**SPEC.options)
TASKS = BENCHMARK.tasks("train", 8, 0)


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    """Random play."""
    return list(play(TASKS, SPEC, RandomPolicy(), PlaySettings(max_actions=12, refused_limit=None, slots=4, seed=1)))


@pytest.mark.parametrize("privilege", [0, 25, 50, 75, 100])
def test_the_oracle_corrects_what_can_be_done_and_names_no_secret_below_its_level(
    episodes: list[Episode], privilege: int
) -> None:
    teacher = OracleTeacher(BENCHMARK, "careful", privilege)
    judged = [each for episode in episodes for each in teacher.correct(episode).corrections]
    assert len(judged) == sum(len(episode.steps) for episode in episodes)
    assert Rejection.NOT_EXECUTABLE not in {each.rejection for each in judged}
    changed = [each for each in judged if each.verdict is Verdict.CORRECT and each.accepted]
    assert len(changed) > len(judged) / 3
    assert {each.action.partition("[")[0] for each in changed} == {"search", "click"}
    if privilege <= 50:
        assert not [each for each in judged if each.leaked]
    if privilege == 100:
        assert any(each.leaked for each in judged)


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("privilege", [0, 25, 50, 75, 100])
def test_a_language_model_is_shown_the_episode_and_the_secret_only_above_level_0(
    episodes: list[Episode], view: View, privilege: int
) -> None:
    used = prompts_of(LIBRARY, "webshop", view, privilege)
    prompts = TeacherPrompts(used, "webshop", view, privilege, environment_instructions("webshop"))
    briefing = brief(BENCHMARK, BENCHMARK.oracle(), episodes[0])
    system, user = prompts.episode(briefing) if view is View.EPISODE else prompts.step(briefing, 0)
    assert "search[words]" in system.content
    secret = briefing.moments[0].state.essentials[0]
    assert (f'"needed": ["{secret}"' in user.content) == (privilege > 0)
