"""The open vocabulary: words of the instruction are slots, so it works for products that no training has seen.

The student sees where a page has words of the instruction, and not the other words of the page. Prices are cheap or
costly against the limit. A title comes before the product's number, a value's words before its number. Of the values of
an option, those that the instruction states word for word are shown, or else a few that share words with it. A list of
results that was shown before is only said to be shown again, and a chosen value is confirmed instead of the page.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice

from leap_kedro.environments.clauses import fixed_parts
from leap_kedro.environments.slots import UNKNOWN, Slots, stem, words_of
from leap_kedro.environments.vocabulary import CopySlots, Vocabulary
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.teaching.official_wishes import (
    IGNORED,
    KEPT,
    MOST_WORDS,
    OfficialWish,
    official_wish,
)
from leap_kedro.environments.webshop.teaching.page_parser import Index, Results, Shown, Text, lowest_price, read
from leap_kedro.environments.webshop.teaching.reasons import Clause, Hint, WordClause

_PAGES, _VALUES = 6, 24
_STATED, _NEAR = 4, 3  # values of an option that are shown: stated ones, or else similar ones
_BUTTONS = {
    pages.BACK_TO_SEARCH: "<again>",
    pages.NEXT_PAGE: "<next>",
    pages.PREVIOUS: "<back>",
    pages.BUY: "<buy>",
    pages.DESCRIPTION: "<description>",
    pages.FEATURES: "<features>",
    pages.REVIEWS: "<reviews>",
}
_MARKS = """
    <index> <results> <item> <text> <done> <shown> <ok> <cheap> <costly> <new> <seen> <more> <last> <option> <stated>
""".split()
_Offered = tuple[str, tuple[tuple[bool, str], ...]]
_ALL = "<all>"  # the words to search for
_INSTRUCTION = r"(?s)Instruction: \n(.*?)\n\[button\] Search \[button_\]"


def vocabulary() -> Vocabulary:
    """The vocabulary of official shops."""
    clauses = [part.lower() for part in fixed_parts((*Clause, *WordClause, *Hint), ".:")]
    phrases = [UNKNOWN, *KEPT, ",", ":", *clauses, "search[", "]", _ALL, *_BUTTONS.values(), *_MARKS]
    phrases += [_page(number) for number in range(1, _PAGES + 1)]
    phrases += [_item(number) for number in range(1, pages.ITEMS_A_PAGE + 1)]
    phrases += [_value(number) for number in range(1, _VALUES + 1)]
    slots = CopySlots(_INSTRUCTION, MOST_WORDS, IGNORED, view="webshop")
    return Vocabulary({}, tuple(dict.fromkeys(phrases)), lowercase=True, slots=slots)


class SlotView:
    """What the student reads of the pages; see the module."""

    def opening(self, observation: str, slots: Slots) -> str:
        """The words of the instruction."""
        page = read(observation)
        if not isinstance(page, Index):
            return "<done>"
        return " ".join((*_instruction(official_wish(page.instruction)), "<index>"))

    def turn(self, action: str, observation: str, before: str, slots: Slots) -> str:
        """The page after an action, or what is new on it."""
        wish = official_wish(slots.task)
        old, new = read(before), read(observation)
        match new:
            case Shown() if isinstance(old, Shown):
                argument = action.strip().partition("[")[2].removesuffix("]")
                return " ".join(("<ok>", *(_worded(wish, argument) if action in self.actions(before, slots) else ())))
            case Shown() if isinstance(old, Text):
                return "<ok>"
            case Shown():
                return " ".join(_product(wish, new))
            case Results():
                return " ".join(_list(wish, new, was_shown=_was_shown(action, old, new)))
            case Text():
                return " ".join(("<text>", *wish.slots.tokens_in(new.text)))
            case Index():
                return "<index>"
        return "<done>"

    def actions(self, observation: str, slots: Slots) -> Mapping[str, str]:
        """Clicks on what is shown, and the search for all words, each as a few tokens."""
        wish = official_wish(slots.task)
        page = read(observation)
        short = {f"search[{wish.query}]": f"search[{_ALL}]"}
        short |= {f"click[{label}]": token for label, token in _BUTTONS.items()}
        match page:
            case Results():
                items = islice(page.items, pages.ITEMS_A_PAGE)
                short |= {f"click[{item.asin.lower()}]": _item(place) for place, item in enumerate(items, 1)}
            case Shown():
                shown = (value for _, values in _values(wish, page) for _, value in values)
                labels = dict.fromkeys(value.lower() for value in shown)
                short = {f"click[{label}]": _value(place) for place, label in enumerate(labels, 1)} | short
        return short


VIEW = SlotView()


def _item(number: int) -> str:
    return f"<item{number}>"


def _value(number: int) -> str:
    return f"<value{number}>"


def _page(number: int) -> str:
    return f"<page{min(number, _PAGES)}>"


def _instruction(wish: OfficialWish) -> Iterator[str]:
    for word in wish.text.replace(":", " : ").replace(",", " , ").split():
        if word in KEPT or word in ":,":
            yield word
        else:
            yield from (wish.slots.token(key) for part in words_of(word) if (key := stem(part)) in wish.slots)


def _price(wish: OfficialWish, tag: str) -> str:
    return "<cheap>" if lowest_price(tag) <= wish.limit else "<costly>"


def _was_shown(action: str, old: object, new: Results) -> bool:
    """Whether a list was shown before: a product's page is reached from its list, and returns to it."""
    if isinstance(old, Results):
        return [item.asin for item in old.items] == [item.asin for item in new.items]
    return isinstance(old, Shown) and action.strip() == f"click[{pages.PREVIOUS}]"


def _list(wish: OfficialWish, results: Results, *, was_shown: bool) -> Iterator[str]:
    yield from ("<shown>",) if was_shown else ("<results>", _page(results.page))
    for place, item in enumerate(results.items[: pages.ITEMS_A_PAGE], 1):
        if was_shown and item.visited:
            yield from ("<seen>", _item(place))
        elif not was_shown:
            yield from (_price(wish, item.price), "<seen>" if item.visited else "<new>")
            yield from (*wish.slots.tokens_in(item.title), _item(place))
    yield "<more>" if results.total > results.page * pages.ITEMS_A_PAGE else "<last>"


def _product(wish: OfficialWish, shown: Shown) -> Iterator[str]:
    yield from ("<item>", _price(wish, shown.price))
    numbers: dict[str, int] = {}
    for name, values in _values(wish, shown):
        yield "<option>"
        for word in words_of(name):
            if word in KEPT or stem(word) in wish.slots:
                yield word if word in KEPT else wish.slots.token(stem(word))
        yield ":"
        for stated, value in values:
            number = numbers.setdefault(value.lower(), len(numbers) + 1)
            yield from (*(("<stated>",) if stated else ()), *_worded(wish, value), _value(number))


@lru_cache(maxsize=2_000)
def _offered(wish: OfficialWish, options: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[_Offered, ...]:
    room = _VALUES
    found: list[_Offered] = []
    for name, values in options:
        related = [value for value in values if wish.slots.stems_in(value)]
        stated = [value for value in related if wish.says(value)]
        stated = [value for value in stated if not any(_is_part(value, other) for other in stated)]
        nearest = sorted(related, key=lambda value: _nearness(wish, value))[:_NEAR]
        kept = stated[:_STATED] or [value for value in related if value in nearest]
        found.append((name, tuple((bool(stated), value) for value in kept[:room])))
        room -= len(kept[:room])
    return tuple(found)


def _values(wish: OfficialWish, shown: Shown) -> tuple[_Offered, ...]:
    """Per option its name and the shown values, each with whether the instruction states it."""
    return _offered(wish, tuple(shown.options.items()))


def _is_part(value: str, other: str) -> bool:
    """Whether a longer value contains this one."""
    short, long = (" ".join(map(stem, words_of(each))) for each in (value, other))
    return len(short) < len(long) and f" {short} " in f" {long} "


def _nearness(wish: OfficialWish, value: str) -> tuple[int, int]:
    tokens = _worded(wish, value)
    known = len(set(tokens) - {UNKNOWN})
    return -known, sum(key not in wish.slots for word in words_of(value) for key in wish.slots.parts(word))


def _worded(wish: OfficialWish, value: str) -> list[str]:
    """A value's words: slots, each once, and runs of others."""
    tokens: list[str] = []
    for word in words_of(value):
        if stem(word) in IGNORED:
            continue
        for key in wish.slots.parts(word):
            token = wish.slots.token(key) if key in wish.slots else UNKNOWN
            if token not in (tokens[-1:] if token == UNKNOWN else tokens):
                tokens.append(token)
    return tokens
