"""Episodes, prompts and answers for the tests of the LLM teacher."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.registry import environment_instructions
from leap_kedro.language_models import Completion, Finish, ModelParameters, Request
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Verdict
from leap_kedro.teachers.briefing import Briefing, brief
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View

BENCHMARK = ALFWorld(ALFWorldOptions())
LIBRARY = read_prompts([])


@cache
def episodes(count: int = 3, longest: int = 6) -> tuple[Episode, ...]:
    """Episodes of generated games, with some random actions in them."""
    tasks = BENCHMARK.tasks("train", count, seed=11)
    return tuple(
        each.episode for each in demonstrations(BENCHMARK, tasks, "surfaces", max_actions=longest, noise=0.3, seed=3)
    )


def briefing_of(episode: Episode) -> Briefing:
    return brief(BENCHMARK, BENCHMARK.oracle(), episode)


def prompts(view: View = View.EPISODE, privilege: int = 50) -> TeacherPrompts:
    return TeacherPrompts(LIBRARY, "alfworld", view, privilege, environment_instructions("alfworld"))


def correction(step: int, reason: str, action: str, verdict: str = "correct") -> dict[str, Any]:
    """One entry of a reply; `step` from 0, as in records."""
    return {"step": step + 1, "verdict": verdict, "reason": reason, "action": action}


def reply(*corrections: dict[str, Any]) -> str:
    return json.dumps({"corrections": list(corrections)})


def completed(text: str, finish: Finish = Finish.STOP) -> Completion:
    return Completion(text, finish, prompt_tokens=100, completion_tokens=10, dollars=None, cached=False)


USABLE = CorrectedEpisode("earlier", (Correction("earlier", 0, Verdict.KEEP, "", "look", "llm", 50),))
"""What a teacher said before, of another episode: with it a stage has had a reply that could be used."""


class Parrot:
    """Stands in for a `LanguageModel`: says what it is given, in order, without a server."""

    def __init__(self, answers: Iterator[Completion], concurrency: int = 1) -> None:
        self.parameters = ModelParameters(model="parrot", concurrency=concurrency)
        self.requests: list[Request] = []
        self._answers = answers

    async def complete(self, request: Request, is_usable: Callable[[Completion], bool] = bool) -> Completion:
        self.requests.append(request)
        return next(self._answers)


def other_action(briefing: Briefing, step: int, unlike: Callable[[str], bool] = lambda _: False) -> str:
    """An admissible action that the student did not take there."""
    own = briefing.episode.steps[step].action
    options: Sequence[str] = briefing.moments[step].admissible or ()
    return next(action for action in options if action != own and not unlike(action))
