"""The pages of the shop as text, byte for byte those of the original's `text_rich` observation.

Pure functions of what is shown. Every line ends in a line break. A `View` also has what can be clicked, in the
original's order: buttons, product links, option values; what reads alike is one entry.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from jinja2.utils import htmlsafe_json_dumps

from leap_kedro.environments.webshop.engine.products import Product

ITEMS_A_PAGE = 10
_BLANKS = " \n\t\f\r"

SEARCH, BACK_TO_SEARCH, NEXT_PAGE, PREVIOUS, BUY = "search", "back to search", "next >", "< prev", "buy now"
DESCRIPTION, FEATURES, REVIEWS = "description", "features", "reviews"
SUB_PAGES = (DESCRIPTION, FEATURES, REVIEWS)


@dataclass(frozen=True, slots=True)
class View:
    """A page as the customer sees it.

    Attributes:
        text: What it says.
        clickables: What can be clicked, in lower case, in the original's order.
        has_search_bar: Whether the page shows the field for a search.
    """

    text: str
    clickables: tuple[str, ...]
    has_search_bar: bool = False


def index_page(instruction: str) -> View:
    """Where a session begins."""
    return View(_lines("WebShop", "Instruction: ", instruction, _button("Search")), (SEARCH,), has_search_bar=True)


def results_page(
    instruction: str, products: Sequence[Product], page: int, total: int, visited: Collection[str]
) -> View:
    """Search results.

    Args:
        instruction: What is wanted.
        products: Those of this page.
        page: Its number, from 1.
        total: Hits on all pages.
        visited: Ids of products that were looked at.
    """
    lines = [*_header(instruction), f"Page {page} (Total results: {total})"]
    lines += [*([_button("< Prev")] if page > 1 else []), _button("Next >")]
    for product in products:
        mark = "clicked button" if product.asin in visited else "button"
        lines += [f"\n[{mark}] {product.asin} [{mark}_]", product.title, product.price_tag]
    buttons = [BACK_TO_SEARCH, *([PREVIOUS] if page > 1 else []), NEXT_PAGE]
    return View(_lines(*lines), _distinct([*buttons, *(product.asin.lower() for product in products)]))


def item_page(
    instruction: str, product: Product, chosen: Mapping[str, str], keywords: Sequence[str], page: int
) -> View:
    """A product.

    Args:
        instruction: What is wanted.
        product: The product.
        chosen: Name of an option -> value chosen.
        keywords: Words of the search it was found by. The original looks for a value, in quotes, in the page's address,
            where both these words and the choices stand, to tell whether it is chosen.
        page: Number of the results page.
    """
    address = f"{'+'.join(keywords)}/{page}/{json.dumps(chosen)}"
    lines = [*_header(instruction), _button("< Prev")]
    clicked: list[str] = []
    for name, values in product.options.items():
        lines.append(name)
        for value in filter(None, values):
            if f'"{value}"' in address:
                clicked.insert(0, f"You have clicked {value}.")
                lines.append(f"  [clicked button] {value} [clicked button_]")
            else:
                lines.append(f"  {_button(value)}")
    lines += [product.title, f"Price: {product.price_tag}", "Rating: N.A."]
    lines += [_button(name.title()) for name in (*SUB_PAGES, BUY)]
    labels = [value for values in product.options.values() for value in values]
    return View(_lines(*clicked, *lines), _distinct([BACK_TO_SEARCH, PREVIOUS, *SUB_PAGES, BUY, *labels]))


def sub_page(instruction: str, product: Product, which: str) -> View:
    """Description, features or reviews of a product."""
    texts = {DESCRIPTION: [product.description], FEATURES: [f" {bullet}" for bullet in product.bullets]}
    return View(_lines(*_header(instruction), _button("< Prev"), *texts.get(which, [])), (BACK_TO_SEARCH, PREVIOUS))


def done_page(product: Product, chosen: Mapping[str, str], reward: float) -> View:
    """What follows a purchase; most of it has no values in the original, either."""
    options = htmlsafe_json_dumps(dict(chosen), dumps=partial(json.dumps, sort_keys=True))
    lines = ["Thank you for shopping with us!", "Your code: ", "None", " (Paste it in your MTurk interface.)"]
    lines += ["Purchased", "asin", product.asin, "options", str(options), "attrs", "None", "category", "None"]
    lines += ["query", "None", "product category", "None", "Target", "asin", "options", "attrs", "price upper"]
    lines += ["instuction text", "category", "product category", "query", "Goal ", "None", "Reward"]
    lines += ["Your score (min 0.0, max 1.0)", str(reward), "Reward Details ", "None"]
    return View(_lines(*lines), ())


def _header(instruction: str) -> list[str]:
    return ["Instruction:", instruction, _button("Back to Search")]


def _button(label: str) -> str:
    return f"[button] {label} [button_]"


def _lines(*texts: str) -> str:
    return "".join(f"{text}\n" for text in map(_as_parsed, texts) if text)


def _as_parsed(text: str) -> str:
    """What the original's HTML parser makes of a text: blanks alone are one blank, or nothing if a line ends."""
    if text.strip(_BLANKS):
        return text
    return " " if text and "\n" not in text else ""


def _distinct(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
