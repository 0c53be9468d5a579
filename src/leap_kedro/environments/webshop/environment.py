"""The native shop behind the `Environment` protocol."""

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
"""The search as it is listed; the shop takes one on every page."""

_BUTTONS = frozenset({pages.BACK_TO_SEARCH, pages.NEXT_PAGE, pages.PREVIOUS, *pages.SUB_PAGES, pages.BUY})


class WebShopEnvironment:
    """Plays WebShop tasks. Deterministic; any text is a safe action.

    Attributes:
        shop: The shop that the task is played in, for the privileged side.
        goal: What is wanted.
        session: Where the customer is; the privileged side may look at it, and put another one in its place in a copy.
    """

    def __init__(self, options: WebShopOptions) -> None:
        """Play in the shops that the options describe."""
        self._options = options
        self.shop: Shop
        self.goal: Goal
        self.session = Session()
        self._task = ""
        self._steps = 0
        self._view: View | None = None

    def reset(self, task: Task) -> Observation:
        """Start a task anew. Raises `EnvironmentFailure` if its shop or its goal is not there."""
        try:
            store = store_of(task.payload, self._options)
            goal = store.goals[int(task.payload["goal"])]
        except (TaskDataError, KeyError, ValueError, IndexError) as error:
            raise EnvironmentFailure(f"The WebShop task {task.id} cannot be built: {error}") from error
        self.begin(store.shop, goal, task.id)
        return self._observation()

    def begin(self, shop: Shop, goal: Goal, task: str) -> None:
        """Stand at the beginning of a session in a shop."""
        self.shop, self.goal, self._task = shop, goal, task
        self.session, self._steps = Session(), 0
        self._view = shop.view(self.session, goal)

    def step(self, action: str) -> StepResult:
        """Carry an action out; raises `EnvironmentFailure` before the first `reset`."""
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
        most = self._options.candidate_limit
        if most is not None and len(listed) > most:
            listed = _some(listed, most, Random(f"{self._task}/{self._steps}"))
        return Observation(self._view.text, listed)


def listed_actions(view: View) -> tuple[str, ...]:
    """What can be done on a page, clicks in the page's order, then the search."""
    clicks = tuple(f"click[{label}]" for label in view.clickables if label and label != pages.SEARCH)
    return (*clicks, SEARCH) if view.clickables else ()


def _some(listed: Sequence[str], most: int, rng: Random) -> tuple[str, ...]:
    """All buttons and the search, and a draw of the other clicks, in their order."""
    kept = {SEARCH, *(f"click[{label}]" for label in _BUTTONS)}
    others = [action for action in listed if action not in kept]
    room = max(0, most - (len(listed) - len(others)))
    kept.update(rng.sample(others, min(room, len(others))))
    return tuple(action for action in listed if action in kept)


def _parts(reward: Reward) -> Mapping[str, float]:
    """The parts of a reward, for the record; a goal without options has them all."""
    options = 1.0 if reward.options is None else reward.options
    return dict(zip(PARTS, (reward.attributes, options, reward.type, float(reward.price)), strict=True))
