"""The privileged planner: the shortest plan from any page to a purchase with reward 1.

For each suitable product the plans are known in closed form: continue on its page, turn pages of the current results,
or search again. The planner considers the goal's product, the current results, and the results of searching for that
product's title or for the instruction.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product as combinations

from leap_kedro.environments.actions import plain_words
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.products import Product
from leap_kedro.environments.webshop.engine.reward import Reward, options_met
from leap_kedro.environments.webshop.engine.shop import Page, Session, Shop

_MAX_TRIED = 200  # combinations of option values per product


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase with reward 1.

    Attributes:
        asin: Id of the product.
        values: Option values to choose.
    """

    asin: str
    values: tuple[str, ...]


class Planner:
    """Plans for one goal in one shop and caches its findings about products."""

    def __init__(self, shop: Shop, goal: Goal) -> None:
        """Plan for `goal`."""
        self._shop, self._goal = shop, goal
        self._known: dict[str, Purchase | None] = {}
        self._queries = tuple(
            dict.fromkeys(" ".join(plain_words(text)) or "-" for text in (goal.name, goal.instruction))
        )
        self._found = [shop.hits(query) for query in self._queries]

    def purchases(self, session: Session) -> Iterator[Purchase]:
        """The suitable purchases among the products considered in a session."""
        considered = dict.fromkeys((self._goal.asin, *session.hits, *(asin for hits in self._found for asin in hits)))
        for asin in considered:
            found = self.purchase_of(asin)
            if found is not None:
                yield found

    def purchase_of(self, asin: str) -> Purchase | None:
        """The purchase of a product with reward 1; None if there is none."""
        if asin not in self._known:
            product = self._shop.products.get(asin)
            self._known[asin] = None if product is None else self._work_out(product)
        return self._known[asin]

    def plan(self, session: Session) -> list[str] | None:
        """A shortest sequence of actions to a purchase with reward 1; None if there is none."""
        if session.page is Page.DONE:
            return [] if session.reward is not None and _is_full(session.reward) else None
        ways = (way for purchase in self.purchases(session) for way in self._ways(session, purchase))
        return min(ways, key=len, default=None)

    def cost(self, session: Session) -> int | None:
        """Length of `plan`; None if there is none."""
        plan = self.plan(session)
        return None if plan is None else len(plan)

    def _ways(self, session: Session, purchase: Purchase) -> Iterator[list[str]]:
        buying = [*map(_click, purchase.values), _click(pages.BUY)]
        back = {Page.ITEM: [_click(pages.PREVIOUS)], Page.SUB: [_click(pages.PREVIOUS)] * 2}.get(session.page, [])
        if session.page in (Page.ITEM, Page.SUB) and session.asin == purchase.asin:
            left = [_click(value) for value in purchase.values if value not in session.chosen.values()]
            yield [*back[1:], *left, _click(pages.BUY)]
        if purchase.asin in session.hits and session.page is not Page.INDEX:
            turns = _turns(session.number, _page_of(purchase.asin, session.hits))
            yield [*back, *turns, _click(purchase.asin.lower()), *buying]
        for query, hits in zip(self._queries, self._found, strict=True):
            if purchase.asin in hits:
                turns = _turns(1, _page_of(purchase.asin, hits))
                yield [f"search[{query}]", *turns, _click(purchase.asin.lower()), *buying]

    def _work_out(self, product: Product) -> Purchase | None:
        for values in _choices(product, self._goal):
            chosen = _as_chosen(product, values)
            if len(chosen) == len(values) and _is_full(self._shop.worth(product, self._goal, chosen)):
                return Purchase(product.asin, values)
        return None


def _choices(product: Product, goal: Goal) -> Iterable[tuple[str, ...]]:
    """Combinations of values, one for each required option, in the product's order."""
    values = [value for values in product.options.values() for value in values]
    fitting = [[value for value in values if options_met([value], [wanted])[0]] for wanted in goal.options]
    for number, combination in enumerate(combinations(*fitting)):
        if number == _MAX_TRIED:
            return
        yield tuple(dict.fromkeys(combination))


def _as_chosen(product: Product, values: Iterable[str]) -> Mapping[str, str]:
    """Option name -> value after a click on each value."""
    chosen = {}
    for value in values:
        name = next(name for name in reversed(tuple(product.options)) if value in product.options[name])
        chosen[name] = value
    return chosen


def _page_of(asin: str, hits: tuple[str, ...]) -> int:
    return hits.index(asin) // pages.ITEMS_A_PAGE + 1


def _turns(now: int, wanted: int) -> list[str]:
    return [_click(pages.NEXT_PAGE if wanted > now else pages.PREVIOUS)] * abs(wanted - now)


def _click(label: str) -> str:
    return f"click[{label}]"


def _is_full(reward: Reward) -> bool:
    return reward.total >= 1.0
