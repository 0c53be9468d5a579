"""Sessions in the shop: pages and transitions of the original's state machine.

As in the original, actions that are not executable change nothing; every page accepts a search; a search or a return to
the results resets the options; only Back to Search resets the visited products; if two options have the same value, a
click chooses it for the last one.

Two searches of the original are rejected here: ``<r>`` (random products) and ``<a>`` (a crash).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.pages import View
from leap_kedro.environments.webshop.engine.products import Product
from leap_kedro.environments.webshop.engine.reward import Reward

_ACTION = re.compile(r"(.+)\[(.+)\]")
_BY_CATEGORY, _BY_QUERY, _NO_SEARCHES = "<c>", "<q>", ("<r>", "<a>")


class Page(StrEnum):
    """Kind of a page."""

    INDEX = "index"
    RESULTS = "results"
    ITEM = "item"
    SUB = "sub"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Session:
    """The state of a session; immutable, so that a planner can continue from it without changing it.

    Attributes:
        page: Kind of the page.
        keywords: Words of the last search.
        number: Number of the results page, from 1.
        hits: Products found, on all pages.
        asin: The current product.
        sub: The current sub page.
        chosen: Name of an option -> chosen value.
        visited: Products visited since the beginning or the last Back to Search.
        reward: Reward of the purchase; None before it.
    """

    page: Page = Page.INDEX
    keywords: tuple[str, ...] = ()
    number: int = 1
    hits: tuple[str, ...] = ()
    asin: str = ""
    sub: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)
    visited: frozenset[str] = frozenset()
    reward: Reward | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        """Products of the current results page; none on other pages."""
        first = (self.number - 1) * pages.ITEMS_A_PAGE
        return self.hits[first : first + pages.ITEMS_A_PAGE] if self.page is Page.RESULTS else ()


class Shop:
    """The shared part of sessions: products, search and reward.

    Attributes:
        products: Id -> product.
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        search: Callable[[str], Sequence[str]],
        reward: Callable[[Product, Goal, float, Mapping[str, str]], Reward],
    ) -> None:
        """Open the shop.

        Args:
            products: Id -> product.
            search: Words -> ids of the products found, best first.
            reward: Product, goal, price and chosen options -> reward of the purchase.
        """
        self.products = products
        self._search, self._reward = search, reward

    def view(self, session: Session, goal: Goal) -> View:
        """The page of a session."""
        match session.page:
            case Page.INDEX:
                return pages.index_page(goal.instruction)
            case Page.RESULTS:
                shown = [self.products[asin] for asin in session.shown]
                return pages.results_page(goal.instruction, shown, session.number, len(session.hits), session.visited)
            case Page.ITEM:
                product = self.products[session.asin]
                return pages.item_page(goal.instruction, product, session.chosen, session.keywords, session.number)
            case Page.SUB:
                return pages.sub_page(goal.instruction, self.products[session.asin], session.sub)
            case Page.DONE:
                reward = 0.0 if session.reward is None else session.reward.total
                return pages.done_page(self.products[session.asin], session.chosen, reward)

    def act(self, session: Session, goal: Goal, action: str, clickables: Sequence[str]) -> Session | None:
        """The session after an action; None if the action is not executable.

        Args:
            session: The current session.
            goal: The goal.
            action: ``search[words]`` or ``click[label]``.
            clickables: Labels on the page of `session`.
        """
        found = _ACTION.match(action)
        if found is None or session.page is Page.DONE:
            return None
        name, argument = found[1], found[2].lower()
        if name == "search":
            return self._searched(session, argument)
        if name == "click" and argument in clickables and argument != pages.SEARCH:
            return self._clicked(session, goal, argument)
        return None

    def worth(self, product: Product, goal: Goal, chosen: Mapping[str, str]) -> Reward:
        """The reward of buying a product with `chosen` values by option name."""
        return self._reward(product, goal, product.price, chosen)

    def selling(self, others: Mapping[str, Product]) -> "Shop":
        """The same shop with other products under some ids; search results do not change."""
        return Shop({**self.products, **others}, self._search, self._reward)

    def hits(self, words: str) -> tuple[str, ...]:
        """Products that a search finds, best first; the original's prefixes ``<c>`` and ``<q>`` are supported."""
        keywords = words.split(" ")
        if keywords[0] == _BY_CATEGORY:
            category = keywords[1].strip() if len(keywords) > 1 else ""
            return tuple(asin for asin, product in self.products.items() if product.category == category)
        if keywords[0] == _BY_QUERY:
            query = " ".join(keywords[1:]).strip()
            return tuple(asin for asin, product in self.products.items() if product.query == query)
        return tuple(self._search(words))

    def _searched(self, session: Session, words: str) -> Session | None:
        keywords = tuple(words.split(" "))
        if keywords[0] in _NO_SEARCHES:
            return None
        return _results(session, keywords, 1, self.hits(words))

    def _clicked(self, session: Session, goal: Goal, label: str) -> Session:
        if label == pages.BUY:
            reward = self.worth(self.products[session.asin], goal, session.chosen)
            return replace(session, page=Page.DONE, reward=reward)
        if label == pages.BACK_TO_SEARCH:
            return Session()
        if session.page is Page.RESULTS:
            turned = {pages.NEXT_PAGE: session.number + 1, pages.PREVIOUS: session.number - 1}
            if label in turned:
                return _results(session, session.keywords, turned[label], session.hits)
            asin = next(asin for asin in reversed(session.shown) if asin.lower() == label)
            return replace(session, page=Page.ITEM, asin=asin, visited=session.visited | {asin})
        if label == pages.PREVIOUS:
            if session.page is Page.SUB:
                return replace(session, page=Page.ITEM, sub="")
            return _results(session, session.keywords, session.number, session.hits)
        if label in pages.SUB_PAGES:
            return replace(session, page=Page.SUB, sub=label)
        options = self.products[session.asin].options
        name = next(name for name in reversed(tuple(options)) if label in options[name])
        return replace(session, chosen={**session.chosen, name: label})


def _results(session: Session, keywords: tuple[str, ...], number: int, hits: tuple[str, ...]) -> Session:
    return Session(Page.RESULTS, keywords, number, hits, visited=session.visited)
