"""The pages of the shop as text, byte for byte equal to the original's `text_rich` observations.

All functions are pure. Every line ends with a line break. A `View` also lists what can be clicked in the original's
order: buttons, product links, option values; equal labels are listed once.
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
        text: Its text.
        clickables: Labels that can be clicked, in lower case and in the original's order.
        has_search_bar: Whether the page has a search field.
    """

    text: str
    clickables: tuple[str, ...]
    has_search_bar: bool = False


def index_page(instruction: str) -> View:
    """The first page of a session."""
    return View(_lines("WebShop", "Instruction: ", instruction, _button("Search")), (SEARCH,), has_search_bar=True)


def results_page(
    instruction: str, products: Sequence[Product], page: int, total: int, visited: Collection[str]
) -> View:
    """Search results.

    Args:
        instruction: The instruction.
        products: The products of this page.
        page: Its number, from 1.
        total: Number of hits on all pages.
        visited: Ids of the visited products.
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
        instruction: The instruction.
        product: The product.
        chosen: Name of an option -> chosen value.
        keywords: Words of the last search. The original considers a value chosen if the page's address, which contains
            the search and the choices, contains it in quotes.
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
    """The page after a purchase; most fields have no values in the original, either."""
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
    """A text after the original's HTML parser: blanks alone become one blank, or nothing if they have a line break."""
    if text.strip(_BLANKS):
        return text
    return " " if text and "\n" not in text else ""


def _distinct(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))
