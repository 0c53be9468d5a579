"""The native shop as an `Environment`."""

from collections.abc import Mapping, Sequence
from random import Random

from leap_kedro.environments.actions import OPEN
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult, TaskDataError
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.pages import View
from leap_kedro.environments.webshop.engine.reward import PARTS, Reward
from leap_kedro.environments.webshop.engine.shop import Session, Shop
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.tasks.store import store_of
from leap_kedro.records import Task

SEARCH = f"search[{OPEN}]"
"""The search in lists of actions; the shop accepts it on every page."""

_BUTTONS = frozenset({pages.BACK_TO_SEARCH, pages.NEXT_PAGE, pages.PREVIOUS, *pages.SUB_PAGES, pages.BUY})


class WebShopEnvironment:
    """Plays WebShop tasks. Deterministic; any text is a safe action.

    Attributes:
        shop: The shop of the task, for the privileged side.
        goal: The goal.
        session: The state of the session, for the privileged side.
    """

    def __init__(self, options: WebShopOptions) -> None:
        """Play in the shops of the options."""
        self._options = options
        self.shop: Shop
        self.goal: Goal
        self.session = Session()
        self._task = ""
        self._steps = 0
        self._view: View | None = None

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if its shop or goal does not exist."""
        try:
            store = store_of(task.payload, self._options)
            goal = store.goals[int(task.payload["goal"])]
        except (TaskDataError, KeyError, ValueError, IndexError) as error:
            raise EnvironmentFailure(f"The WebShop task {task.id} cannot be built: {error}") from error
        self.begin(store.shop, goal, task.id)
        return self._observation()

    def begin(self, shop: Shop, goal: Goal, task: str) -> None:
        """Begin a session in a shop."""
        self.shop, self.goal, self._task = shop, goal, task
        self.session, self._steps = Session(), 0
        self._view = shop.view(self.session, goal)

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` before the first `reset`."""
        if self._view is None:
            raise EnvironmentFailure("no WebShop task is in play: call reset(task) before step(action)")
        after = self.shop.act(self.session, self.goal, action.strip(), self._view.clickables)
        self._steps += 1
        if after is not None:
            self.session, self._view = after, self.shop.view(after, self.goal)
        reward = self.session.reward
        return StepResult(
            self._observation(),
            score=reward.total if reward else 0.0,
            done=reward is not None,
            accepted=after is not None,
            parts=_parts(reward) if reward else {},
        )

    def _observation(self) -> Observation:
        if self._view is None:
            raise EnvironmentFailure("no WebShop task is in play")
        listed = listed_actions(self._view)
        limit = self._options.candidate_limit
        if limit is not None and len(listed) > limit:
            listed = _some(listed, limit, Random(f"{self._task}/{self._steps}"))
        return Observation(self._view.text, listed)


def listed_actions(view: View) -> tuple[str, ...]:
    """The actions on a page: clicks in the page's order, then the search."""
    clicks = tuple(f"click[{label}]" for label in view.clickables if label and label != pages.SEARCH)
    return (*clicks, SEARCH) if view.clickables else ()


def _some(listed: Sequence[str], limit: int, rng: Random) -> tuple[str, ...]:
    """All buttons, the search and a random selection of the other clicks, in their order."""
    kept = {SEARCH, *(f"click[{label}]" for label in _BUTTONS)}
    others = [action for action in listed if action not in kept]
    room = max(0, limit - (len(listed) - len(others)))
    kept.update(rng.sample(others, min(room, len(others))))
    return tuple(action for action in listed if action in kept)


def _parts(reward: Reward) -> Mapping[str, float]:
    """The parts of a reward for the record; without options in the goal, their part is 1."""
    options = 1.0 if reward.options is None else reward.options
    return dict(zip(PARTS, (reward.attributes, options, reward.type, float(reward.price)), strict=True))
