"""The unprivileged expert for official goals, which compares words without knowing their meaning.

`steady` searches for all words of the instruction, visits affordable products in the order of the results, leaves those
that lack a requested option value, and after a few visits buys the one whose options and words match best. It reads no
sub pages. It is deterministic and can continue any history.
"""

from collections.abc import Iterator, Mapping

from leap_kedro.environments.protocol import Decision, Option
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.teaching.memory import Looked, Memory
from leap_kedro.environments.webshop.teaching.official_wishes import OfficialWish, official_wish
from leap_kedro.environments.webshop.teaching.page_parser import Index, Item, Results, Shown, Text, read
from leap_kedro.environments.webshop.teaching.reasons import Clause, WordClause

_MOST_LOOKED = 5
_MOST_PAGES = 5
_MOST_FOUND = 6  # words in a reason
_MOST_MISSING = 3
_UNLIKELY = 0.1
_DEAR_COUNTS = 2.0  # as much as two missing option values


class Matcher:
    """An `Expert` for official goals."""

    def start(self, opening: str) -> None:
        """Begin an episode. Raises `ValueError` if the first observation is not the first page of the shop."""
        self._memory = Memory(opening, known_words=False)
        page = read(opening)
        self._wish: OfficialWish = official_wish(page.instruction if isinstance(page, Index) else "")
        self._clicked: set[str] = set()
        self._left: set[str] = set()

    def observe(self, action: str, observation: str) -> None:
        """Record an action, whoever chose it, and the observation that followed."""
        before, settled = self._memory.page, self._settled()
        self._memory.observe(action, observation)
        after = self._memory.page
        if isinstance(before, Shown) and isinstance(after, Results) and settled and settled is self._memory.current:
            self._left.add(settled.asin)  # others who play know better, so look further
        if isinstance(before, Shown) and isinstance(after, Shown):
            # Some chosen values are not marked on the page, because they contain no-break spaces.
            self._clicked.add(action.strip().partition("[")[2].removesuffix("]").lower())
        elif isinstance(after, (Results, Index)):
            self._clicked = set()

    def decide(self) -> Decision:
        """The next action and its reason."""
        return self.options()[0].decision

    def options(self) -> list[Option]:
        """The options, the decision first; on a page of results they include other products."""
        match self._memory.page:
            case Results():
                return self._among_results(self._memory.page)
            case Shown():
                return self._at_product(self._memory.page)
            case Text():
                return [Option(Decision(Clause.NONE_HERE.value, f"click[{pages.PREVIOUS}]"), 1.0, "only")]
        return [Option(self._search(), 1.0, "only")]

    def _search(self) -> Decision:
        reason = Clause.SETTLE if self._settled() else WordClause.SEARCH
        return Decision(reason.value, f"search[{self._wish.query}]")

    def _among_results(self, results: Results) -> list[Option]:
        settled = self._settled()
        if settled is not None:
            return [Option(self._return_to(settled, results), 1.0, "only")]
        new = list(self._new(results))
        further = Decision(Clause.NONE_HERE.value, f"click[{pages.NEXT_PAGE}]")
        if not new and self._has_more(results):
            return [Option(further, 1.0, "only")]
        if not new:  # nothing is affordable or visited: take the first product
            return [Option(self._look_at(item), 1.0, "only") for item in results.items[:1]] or [
                Option(self._search(), 1.0, "only")
            ]
        looks = [Option(self._look_at(item), 1.0 / len(new), "fits") for item in new]
        options = [*looks, Option(further, _UNLIKELY, "further")]
        total = sum(option.weight for option in options)
        return [Option(option.decision, option.weight / total, option.group) for option in options]

    def _return_to(self, settled: Looked, results: Results) -> Decision:
        if any(item.asin == settled.asin for item in results.items):
            return Decision(Clause.SETTLE.value, f"click[{settled.asin.lower()}]")
        return Decision(Clause.SETTLE.value, f"click[{pages.PREVIOUS}]") if results.page > 1 else self._search()

    def _look_at(self, item: Item) -> Decision:
        slots = self._wish.slots
        found = slots.restored(" ".join(slots.tokens_in(item.title)[:_MOST_FOUND]))
        reason = WordClause.HAS.format(found=found) if found else Clause.LOOK_AT.format(item="this one")
        return Decision(reason, f"click[{item.asin.lower()}]")

    def _at_product(self, shown: Shown) -> list[Option]:
        decision = self._about_product(shown)
        if decision.action != f"click[{pages.BUY}]":
            return [Option(decision, 1.0, "only")]
        return [Option(decision, 1 - _UNLIKELY, "buy"), Option(self._rather_not(shown), _UNLIKELY, "other")]

    def _rather_not(self, shown: Shown) -> Decision:
        """Leave a product that the expert would buy."""
        slots = self._wish.slots
        said = set(slots.stems_in(shown.title))
        missing = [slots.token(key) for key in slots.stems_in(self._wish.text) if key in self._wish.wanted - said]
        lacks = Clause.LACKS.format(missing=slots.restored(" ".join(missing[:_MOST_MISSING])))
        return Decision(lacks if missing else WordClause.ANOTHER.value, f"click[{pages.PREVIOUS}]")

    def _about_product(self, shown: Shown) -> Decision:
        product = self._memory.current or Looked("", shown.title, shown.price, {"title": shown.title})
        values = self._values(shown.options)
        lacking = [value for value, own in values if own is None]
        settled = self._settled()
        if settled is None or settled is not self._memory.current:
            back = f"click[{pages.PREVIOUS}]"
            if lacking:
                return Decision(Clause.LACKS.format(missing=lacking[0]), back)
            if not self._affordable(product):
                return Decision(WordClause.TOO_DEAR.value, back)
        for value, own in values:
            if own is not None and own.lower() not in self._clicked:
                return Decision(Clause.CHOOSE.format(value=value), f"click[{own.lower()}]")
        return Decision((Clause.SETTLE if lacking else Clause.ALL_FITS).value, f"click[{pages.BUY}]")

    def _values(self, options: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str | None]]:
        """Each requested value, and the product's value that meets it."""
        return [(value, self._wish.value_of(name, value, options)) for name, value in self._wish.options]

    def _settled(self) -> Looked | None:
        """The product to buy although something may be missing; None while there are others to visit."""
        looked = list(self._memory.looked.values())
        kept = [product for product in looked if product.asin not in self._left]
        if not looked or not (len(kept) >= _MOST_LOOKED or self._searched_all()):
            return None
        return max(kept or looked, key=self._worth)

    def _worth(self, product: Looked) -> float:
        lacking = sum(own is None for _, own in self._values(product.options))
        found = {key for text in product.texts.values() for key in self._wish.slots.stems_in(text)}
        stated = len(found & self._wish.wanted) / max(1, len(self._wish.wanted))
        return stated - 1 - lacking - _DEAR_COUNTS * (not self._affordable(product))

    def _searched_all(self) -> bool:
        results = self._memory.results
        return results is not None and not self._has_more(results) and not any(self._new(results))

    def _new(self, results: Results) -> Iterator[Item]:
        """New affordable products in the order of the list."""
        return (item for item in results.items if self._affordable(item) and item.asin not in self._memory.looked)

    def _has_more(self, results: Results) -> bool:
        return results.page < _MOST_PAGES and results.total > results.page * pages.ITEMS_A_PAGE

    def _affordable(self, item: Item | Looked) -> bool:
        return self._memory.affordable(item)
