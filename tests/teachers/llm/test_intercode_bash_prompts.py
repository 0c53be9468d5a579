"""The LLM teacher on InterCode Bash: what its prompts tell at each level, and what the checks make of an answer."""

import pytest
from bash_sandboxes import benchmark_or_skip
from language_models.fake_server import FakeServer, says
from teachers.llm.lessons import LIBRARY, correction, reply

from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.registry import environment_instructions
from leap_kedro.language_models import Access, LanguageModel, ModelParameters
from leap_kedro.records import CorrectedEpisode, Episode, Rejection
from leap_kedro.teachers.briefing import Briefing, brief
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View
from leap_kedro.teachers.llm.teacher import LLMTeacher


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return benchmark_or_skip()


@pytest.fixture(scope="module")
def episode(benchmark: Benchmark) -> Episode:
    """One in which a file had to be found first."""
    tasks = benchmark.tasks("train", 40, 0)
    played = demonstrations(benchmark, tasks, "novice", max_actions=10, noise=0.0, seed=3)
    return next(each.episode for each in played if each.episode.steps[0].action.startswith("find "))


@pytest.fixture(scope="module")
def briefing(benchmark: Benchmark, episode: Episode) -> Briefing:
    return brief(benchmark, benchmark.oracle(), episode)


def prompts(view: View, privilege: int) -> TeacherPrompts:
    instructions = environment_instructions("intercode_bash")
    return TeacherPrompts(LIBRARY, "intercode_bash", view, privilege, instructions)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("privilege", [0, 25, 50, 75, 100])
def test_the_gold_command_is_told_from_25_per_cent_on(
    benchmark: Benchmark, episode: Episode, briefing: Briefing, view: View, privilege: int
) -> None:
    gold = briefing.moments[0].state.essentials[0]
    assert gold not in "".join(step.action for step in episode.steps[:1])
    answer = says(reply()) if view is View.EPISODE else says('{"verdict": "keep", "reason": "", "action": ""}')
    with FakeServer([answer] * len(episode.steps)) as server:
        model = LanguageModel(ModelParameters(base_url=server.base_url, model="fake", concurrency=1), Access(), None)
        teacher = LLMTeacher(benchmark, model, prompts(view, privilege), privilege, view=view)
        (corrected,) = teacher.correct_all([episode])
    asked = "".join(message["content"] for message in server.calls[0].body["messages"])
    assert ("What does it is" in asked) == (privilege > 0)
    assert episode.task.goal in asked
    assert [each.accepted for each in corrected.corrections] == [True] * len(episode.steps)


def test_a_reason_that_names_the_place_too_early_is_rejected(
    benchmark: Benchmark, episode: Episode, briefing: Briefing
) -> None:
    folder = next(name for name in briefing.moments[0].state.essentials[1:] if name.startswith("/"))
    answers = [correction(0, f"It lies in {folder}.", "ls /"), correction(1, f"It lies in {folder}.", "ls /")]

    def taught() -> CorrectedEpisode:
        with FakeServer([says(reply(*answers))] * 3) as server:
            parameters = ModelParameters(base_url=server.base_url, model="fake", concurrency=1)
            model = LanguageModel(parameters, Access(), None)
            (corrected,) = LLMTeacher(benchmark, model, prompts(View.EPISODE, 50), 50).correct_all([episode])
        return corrected

    early, late = taught().corrections[:2]
    assert (early.rejection, folder in early.leaked) == (Rejection.LEAKED, True)
    assert (late.rejection, late.leaked) == (None, ())
