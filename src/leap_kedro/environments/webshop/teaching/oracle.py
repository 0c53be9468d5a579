"""The privileged side of WebShop: suitable products and the shortest plan to buy one."""

from collections.abc import Iterator, Sequence
from copy import copy

from leap_kedro.environments.naming import names_of
from leap_kedro.environments.protocol import Environment
from leap_kedro.environments.webshop.environment import WebShopEnvironment
from leap_kedro.environments.webshop.teaching.alternatives import alternative_shops
from leap_kedro.environments.webshop.teaching.planner import Planner, Purchase
from leap_kedro.environments.webshop.teaching.reasons import Fact
from leap_kedro.records import PrivilegedState


class WebShopOracle:
    """Plans in the shop of a WebShop environment and never changes it."""

    def __init__(self) -> None:
        self._planner: tuple[object, object, Planner] | None = None

    def state(self, environment: Environment) -> PrivilegedState:
        """The current privileged state: a suitable product, its option values and the shortest plan."""
        at = _webshop(environment)
        planner = self._planner_of(at)
        purchase = planner.purchase_of(at.goal.asin) or next(planner.purchases(at.session), None)
        return PrivilegedState(
            task=at.goal.instruction,
            essentials=_essentials(at, purchase),
            facts=tuple(_facts(at, purchase)),
            plan=tuple(planner.plan(at.session) or ()),
        )

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a state that a reason must not reveal."""
        return names_of(state)

    def cost_to_go(self, environment: Environment) -> int | None:
        """Smallest number of actions to a purchase with reward 1; None if it cannot be reached."""
        at = _webshop(environment)
        return self._planner_of(at).cost(at.session)

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None if an action is not executable or loses the task."""
        at = _webshop(environment)
        planner = self._planner_of(at)
        clickables = at.shop.view(at.session, at.goal).clickables
        after = (at.shop.act(at.session, at.goal, action.strip(), clickables) for action in actions)
        return [None if session is None else planner.cost(session) for session in after]

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Environments with the same pages after `actions`, which differ in unseen pages."""
        at = _webshop(environment)
        for shop in alternative_shops(at.shop, at.goal, actions, count, seed):
            other = copy(at)
            other.begin(shop, at.goal, "")
            for action in actions:
                other.step(action)
            yield other

    def _planner_of(self, at: WebShopEnvironment) -> Planner:
        """The planner of the environment's goal; only the last planner is cached."""
        if self._planner is None or self._planner[0] is not at.shop or self._planner[1] != at.goal:
            self._planner = (at.shop, at.goal, Planner(at.shop, at.goal))
        return self._planner[2]


def _webshop(environment: Environment) -> WebShopEnvironment:
    if not isinstance(environment, WebShopEnvironment):
        raise TypeError(f"the WebShop oracle needs the native shop, not {type(environment).__name__}")
    return environment


def _essentials(at: WebShopEnvironment, purchase: Purchase | None) -> tuple[str, ...]:
    if purchase is None:
        return ()
    return (purchase.asin, at.shop.products[purchase.asin].title, *purchase.values)


def _facts(at: WebShopEnvironment, purchase: Purchase | None) -> Iterator[str]:
    if purchase is not None:
        product = at.shop.products[purchase.asin]
        yield Fact.FITS.format(title=product.title, price=product.price_tag)
        for value in purchase.values:
            yield Fact.VALUE.format(value=value)
    for attribute in at.goal.attributes:
        yield Fact.ATTRIBUTE.format(attribute=attribute)
