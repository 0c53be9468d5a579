"""The privileged side of WebShop: what would do, and the shortest way to buy it."""

from collections.abc import Iterator, Sequence
from copy import copy

from leap_kedro.environments.naming import names_of
from leap_kedro.environments.protocol import Environment
from leap_kedro.environments.webshop.engine.pages import View
from leap_kedro.environments.webshop.environment import WebShopEnvironment
from leap_kedro.environments.webshop.teaching.alternatives import alternative_shops
from leap_kedro.environments.webshop.teaching.planner import Planner, Purchase
from leap_kedro.environments.webshop.teaching.reasons import Fact
from leap_kedro.records import PrivilegedState


class WebShopOracle:
    """Plans in the shop of a WebShop environment; never changes it."""

    def __init__(self) -> None:
        self._planner: tuple[object, object, Planner] | None = None

    def state(self, environment: Environment) -> PrivilegedState:
        """Privileged state at the environment's present moment: what would do, what to choose, the shortest plan."""
        at = _webshop(environment)
        planner = self._planner_of(at)
        plan = planner.plan(at.session) or []
        purchase = planner.purchase_of(at.goal.asin) or next(planner.purchases(at.session), None)
        return PrivilegedState(
            task=at.goal.instruction,
            essentials=_essentials(at, purchase),
            facts=tuple(_facts(at, purchase)),
            plan=tuple(plan),
        )

    def secrets(self, state: PrivilegedState) -> tuple[str, ...]:
        """Names in a state that a reason must not give away."""
        return names_of(state)

    def cost_to_go(self, environment: Environment) -> int | None:
        """Least number of actions from here to a purchase worth 1; None if there is no way."""
        at = _webshop(environment)
        return _length(self._planner_of(at).plan(at.session))

    def lookahead(self, environment: Environment, actions: Sequence[str]) -> list[int | None]:
        """`cost_to_go` after each of `actions`; None where refused or hopeless."""
        at = _webshop(environment)
        planner = self._planner_of(at)
        view: View = at.shop.view(at.session, at.goal)
        after = (at.shop.act(at.session, at.goal, action.strip(), view.clickables) for action in actions)
        return [None if session is None else _length(planner.plan(session)) for session in after]

    def alternatives(
        self, environment: Environment, actions: Sequence[str], count: int, seed: int
    ) -> Iterator[Environment]:
        """Environments that `actions` cannot tell from this one: what the pages not seen yet say is otherwise."""
        at = _webshop(environment)
        for shop in alternative_shops(at.shop, at.goal, actions, count, seed):
            other = copy(at)
            other.begin(shop, at.goal, "")
            for action in actions:
                other.step(action)
            yield other

    def _planner_of(self, at: WebShopEnvironment) -> Planner:
        """The planner of the environment's goal; of one goal after the other only the last is kept."""
        if self._planner is None or self._planner[0] is not at.shop or self._planner[1] != at.goal:
            self._planner = (at.shop, at.goal, Planner(at.shop, at.goal))
        return self._planner[2]


def _webshop(environment: Environment) -> WebShopEnvironment:
    if not isinstance(environment, WebShopEnvironment):
        raise TypeError(f"the WebShop oracle needs the native shop, not {type(environment).__name__}")
    return environment


def _length(plan: list[str] | None) -> int | None:
    return None if plan is None else len(plan)


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
