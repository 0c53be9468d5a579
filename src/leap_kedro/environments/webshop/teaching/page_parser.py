"""Parser of the shop's pages; pure functions of the text.

A text that is not a page of the shop is parsed as `Other` and never raises an error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """A product in a list of results."""

    asin: str
    title: str
    price: str
    visited: bool


@dataclass(frozen=True, slots=True)
class Index:
    """The first page of a session."""

    instruction: str


@dataclass(frozen=True, slots=True)
class Results:
    """A page of search results."""

    page: int
    total: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of a product.

    Attributes:
        title: Its title.
        price: Its price tag.
        options: Name of an option -> its values.
        chosen: Chosen values.
    """

    title: str
    price: str
    options: Mapping[str, tuple[str, ...]]
    chosen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Text:
    """A sub page of a product."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """Any other text, such as the page after a purchase."""


PageText = Index | Results | Shown | Text | Other

_INDEX = re.compile(r"WebShop\nInstruction: \n(?P<instruction>.*)\n\[button\] Search \[button_\]\n", re.DOTALL)
_HEADER = re.compile(
    r"(?:You have clicked .*\n)*Instruction:\n.*?\n\[button\] Back to Search \[button_\]\n(?P<rest>.*)", re.DOTALL
)
_RESULTS = re.compile(r"Page (?P<page>\d+) \(Total results: (?P<total>\d+)\)\n")
_ITEM = re.compile(
    r"\n\[(?P<clicked>clicked )?button\] (?P<asin>\S+) \[(?:clicked )?button_\]\n(?P<title>.*)\n(?P<price>\$.*)\n"
)
_PREVIOUS = "[button] < Prev [button_]\n"
_SHOWN = re.compile(r"(?P<options>.*?)(?P<title>[^\n]*)\nPrice: (?P<price>.*)\nRating: ", re.DOTALL)
_VALUE = re.compile(r"  \[(?P<clicked>clicked )?button\] (?P<value>.*) \[(?:clicked )?button_\]")


def read(observation: str) -> PageText:
    """The page of an observation."""
    index = _INDEX.fullmatch(observation)
    if index:
        return Index(index["instruction"])
    header = _HEADER.fullmatch(observation)
    if not header:
        return Other()
    rest = header["rest"]
    results = _RESULTS.match(rest)
    if results:
        items = tuple(
            Item(found["asin"], found["title"], found["price"], found["clicked"] is not None)
            for found in _ITEM.finditer(rest)
        )
        return Results(int(results["page"]), int(results["total"]), items)
    if not rest.startswith(_PREVIOUS):
        return Other()
    rest = rest.removeprefix(_PREVIOUS)
    shown = _SHOWN.match(rest)
    if shown is None or "[button] Buy Now [button_]" not in rest:
        return Text(rest)
    options: dict[str, list[str]] = {}
    chosen: set[str] = set()
    for line in shown["options"].splitlines():
        value = _VALUE.fullmatch(line)
        if value is None:
            options[line] = []
            continue
        options[next(reversed(options), "")].append(value["value"])
        if value["clicked"]:
            chosen.add(value["value"])
    return Shown(
        shown["title"], shown["price"], {name: tuple(values) for name, values in options.items()}, frozenset(chosen)
    )


def lowest_price(tag: str) -> float:
    """The lowest price in a tag; infinity if there is none."""
    amounts = re.findall(r"\$(\d+(?:\.\d+)?)", tag)
    return min(map(float, amounts), default=float("inf"))
