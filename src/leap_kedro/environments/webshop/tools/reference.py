"""The user's installation of the original WebShop as an `Environment`, for cross-checks.

It is imported only if it is selected, and built once per process: it takes seconds to load and runs about twenty steps
per second. The original draws price limits before it sets its seed; here the seed is set first, so that processes
agree. Goals have the same numbers as in the native shop; their price limits are the original's draws.
"""

import random
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from leap_kedro.environments.actions import is_listed
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult
from leap_kedro.environments.webshop.engine.pages import SEARCH as SEARCH_BUTTON
from leap_kedro.environments.webshop.environment import SEARCH
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.tasks.goals import GoalKind
from leap_kedro.records import Task

_PACKAGES = ("web_agent_site", "gym", "flask", "bs4", "pyserini", "spacy")


class MissingOriginal(EnvironmentFailure, ImportError):
    """The original or one of its dependencies is not installed."""


class ReferenceEnvironment:
    """Plays official goals in the original."""

    def __init__(self, options: WebShopOptions) -> None:
        """Find the original. Raises `MissingOriginal` if it is missing; the message says how to get it."""
        missing = [package for package in _PACKAGES if find_spec(package) is None]
        if missing:
            raise MissingOriginal(
                f"The WebShop backend 'web_agent_site' needs {', '.join(missing)}. Clone "
                "github.com/princeton-nlp/WebShop, follow its setup.sh (Java, spaCy's model and the search index "
                "included), and put the clone on PYTHONPATH; or use the option `backend: native` (docs/webshop.md)."
            )
        self._options = options
        self._listed: tuple[str, ...] = ()
        self._started = False

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if it is not official or the original breaks."""
        if task.payload.get("source") != "official":
            raise EnvironmentFailure(f"The original plays official goals, and {task.id} is a generated one.")
        human = task.payload.get("goals") == GoalKind.HUMAN
        try:
            env = _original(self._options.products, human, self._options.draw_seed)
            text, _ = env.reset(session=int(task.payload["goal"]))
        except Exception as error:
            raise EnvironmentFailure(f"The original WebShop broke at the start of {task.id}: {error!r}") from error
        self._env, self._started = env, True
        return self._observation(text)

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` before the first `reset` or if the original breaks."""
        if not self._started:
            raise EnvironmentFailure("no WebShop task is in play: call reset(task) before step(action)")
        accepted = is_listed(action.strip(), self._listed)
        try:
            text, reward, done, _ = self._env.step(action.strip())
        except Exception as error:
            raise EnvironmentFailure(f"The original WebShop broke at {action!r}: {error!r}") from error
        self._started = not done
        observation = Observation(text, ()) if done else self._observation(text)
        return StepResult(observation, float(reward), bool(done), accepted)

    def _observation(self, text: str) -> Observation:
        clickables = self._env.get_available_actions()["clickables"]
        clicks = (f"click[{label}]" for label in clickables if label != SEARCH_BUTTON)
        self._listed = (*clicks, SEARCH)
        return Observation(text, self._listed)


@lru_cache(maxsize=1)
def _original(products: int | None, human: bool, seed: int) -> Any:
    from web_agent_site.envs import WebAgentTextEnv

    random.seed(seed)
    return WebAgentTextEnv(observation_mode="text_rich", num_products=products, human_goals=human)
