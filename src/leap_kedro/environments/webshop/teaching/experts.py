"""Unprivileged experts, which read the pages like the student.

`careful` searches for the words of the wish, visits the affordable products whose titles match best, reads the sub
pages for missing features, and leaves products that lack something; if it finds nothing better, it buys the best
product seen. `steady` does the same without comparing titles, in the order of the list. `greedy` buys the first
product of the first page with the requested option values. All experts are deterministic and can continue any history.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from leap_kedro.environments.actions import plain_words
from leap_kedro.environments.protocol import Decision, Option
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.teaching.memory import Looked, Memory
from leap_kedro.environments.webshop.teaching.page_parser import Item, Results, Shown, Text
from leap_kedro.environments.webshop.teaching.reasons import Clause

_MOST_PAGES = 3
_UNLIKELY = 0.1


@dataclass(frozen=True, slots=True)
class Habits:
    """The differences between shoppers.

    Attributes:
        reads: Whether it reads sub pages before it buys.
        compares: Whether it visits only products whose titles match the wish best.
        max_looked: Number of products that it visits before it buys the best of them.
    """

    reads: bool
    compares: bool
    max_looked: int


class Shopper:
    """An `Expert` for WebShop."""

    def __init__(self, habits: Habits, known_words: bool) -> None:
        """Create a shopper; `known_words` tells whether instructions are those of generated shops."""
        self._habits, self._known_words = habits, known_words
        self._memory: Memory

    def start(self, opening: str) -> None:
        """Begin an episode. Raises `ValueError` if the first observation is not the first page of the shop."""
        self._memory = Memory(opening, self._known_words)

    def observe(self, action: str, observation: str) -> None:
        """Record an action, whoever chose it, and the observation that followed."""
        self._memory.observe(action, observation)

    def decide(self) -> Decision:
        """The next action and its reason."""
        return self.options()[0].decision

    def options(self) -> list[Option]:
        """The options, the decision first; on a page of results they include other products."""
        match self._memory.page:
            case Results():
                return self._among_results(self._memory.page)
            case Shown():
                return [_only(self._at_product(self._memory.page))]
            case Text():
                return [_only(self._at_text())]
        return [_only(self._search())]

    def _search(self) -> Decision:
        settled = self._settled()
        if settled is not None:
            return Decision(Clause.SETTLE.value, f"search[{' '.join(plain_words(settled.title))}]")
        wish = " ".join(self._memory.wish.phrases or plain_words(self._memory.wish.text))
        return Decision(Clause.LOOK_FOR.format(wish=wish), f"search[{wish}]")

    def _among_results(self, results: Results) -> list[Option]:
        if not self._habits.reads:
            first = results.items[:1]
            return [_only(self._look_at(item)) for item in first] or [_only(self._search())]
        settled = self._settled()
        if settled is not None:
            action = f"click[{settled.asin.lower()}]"
            here = any(item.asin == settled.asin for item in results.items)
            return [_only(Decision(Clause.SETTLE.value, action) if here else self._search())]
        worth = list(self._worth_a_look(results))
        further = Decision(Clause.NONE_HERE.value, f"click[{pages.NEXT_PAGE}]")
        if not worth and self._has_more(results):
            return [_only(further)]
        if not worth:  # nothing is affordable or visited: take the first product
            return [_only(self._look_at(item)) for item in results.items[:1]] or [_only(self._search())]
        likely = [Option(self._look_at(item), 1.0 / len(worth), "fits") for item in worth]
        others = [
            Option(self._look_at(item), _UNLIKELY, "other")
            for item in results.items
            if item not in worth and not self._is_known(item)
        ]
        return _normalised([*likely, *others, Option(further, _UNLIKELY, "further")])

    def _worth_a_look(self, results: Results) -> Iterator[Item]:
        """New affordable products in the order of the list; if titles are compared, only the best matches."""
        memory = self._memory
        for item in results.items:
            near = not self._habits.compares or memory.count(item) == memory.best > 0
            if near and memory.affordable(item) and not self._is_known(item):
                yield item

    def _is_known(self, item: Item) -> bool:
        return item.visited or item.asin in self._memory.looked

    def _has_more(self, results: Results) -> bool:
        return results.page < _MOST_PAGES and results.total > results.page * pages.ITEMS_A_PAGE

    def _look_at(self, item: Item) -> Decision:
        return Decision(Clause.LOOK_AT.format(item=item.asin), f"click[{item.asin.lower()}]")

    def _at_product(self, shown: Shown) -> Decision:
        memory, product = self._memory, self._memory.current
        lacking = [] if product is None else memory.unavailable(product)
        missing = [] if product is None else memory.missing(product)
        if self._habits.reads and product is not None and (lacking or missing):
            unread = memory.unread(product)
            if unread and not lacking:
                return Decision(Clause.NOT_SEEN.format(missing=missing[0]), f"click[{unread[0]}]")
            if self._settled() is not product:
                return Decision(Clause.LACKS.format(missing=(lacking or missing)[0]), f"click[{pages.PREVIOUS}]")
        for value in memory.wish.wanted(shown.options).values():
            if value not in shown.chosen:
                return Decision(Clause.CHOOSE.format(value=value), f"click[{value}]")
        return Decision((Clause.SETTLE if lacking or missing else Clause.ALL_FITS).value, f"click[{pages.BUY}]")

    def _at_text(self) -> Decision:
        """Return to the product; the reason states which missing phrases the page has."""
        memory, product = self._memory, self._memory.current
        back = f"click[{pages.PREVIOUS}]"
        if product is None:
            return Decision(Clause.NONE_HERE.value, back)
        before = Looked(product.asin, texts={name: text for name, text in product.texts.items() if name != memory.sub})
        wanted = memory.missing(before)
        found = [phrase for phrase in wanted if phrase not in memory.missing(product)]
        if found:
            return Decision(Clause.READ.format(found=" ".join(found)), back)
        return Decision(Clause.SAYS_NOTHING.format(missing=wanted[0]) if wanted else Clause.ALL_FITS.value, back)

    def _settled(self) -> Looked | None:
        """The product to buy although something is missing; None while there are others to visit."""
        memory = self._memory
        looked = list(memory.looked.values())
        if not looked or not (len(looked) >= self._habits.max_looked or self._searched_all()):
            return None
        affordable = [product for product in looked if memory.affordable(product)]
        return min(
            affordable or looked, key=lambda product: len(memory.missing(product)) + len(memory.unavailable(product))
        )

    def _searched_all(self) -> bool:
        results = self._memory.results
        return results is not None and not self._has_more(results) and not any(self._worth_a_look(results))


def _only(decision: Decision) -> Option:
    return Option(decision, 1.0, "only")


def _normalised(options: list[Option]) -> list[Option]:
    total = sum(option.weight for option in options)
    return [Option(option.decision, option.weight / total, option.group) for option in options]


EXPERTS = {
    "careful": Habits(reads=True, compares=True, max_looked=7),
    "steady": Habits(reads=True, compares=False, max_looked=5),
    "greedy": Habits(reads=False, compares=False, max_looked=1),
}
"""Experts by name."""
