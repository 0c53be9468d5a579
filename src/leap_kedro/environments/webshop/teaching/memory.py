"""What a customer has seen so far, kept as one who reads the pages would keep it."""

from dataclasses import dataclass, field

from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.teaching import page_parser
from leap_kedro.environments.webshop.teaching.page_parser import Item, Other, PageText, Results, Shown, Text
from leap_kedro.environments.webshop.teaching.wishes import Wish, says, wish_of


@dataclass(slots=True)
class Looked:
    """What is known of a product that was looked at.

    Attributes:
        asin: Its id.
        title: Its title.
        price: Its price tag.
        texts: What was read of it: its title, then by name of the sub page.
        options: Name of an option -> its values.
    """

    asin: str
    title: str = ""
    price: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Memory:
    """An episode as its customer remembers it.

    Attributes:
        wish: What is wanted.
        page: The page in front.
        sub: Name of the sub page in front; "" on other pages.
        current: The product whose pages are in front, or were last.
        looked: Products that were looked at, by id.
        results: The results page seen last.
        searches: What was searched so far.
        best: Most phrases of the wish that a title of the present search has.
    """

    def __init__(self, opening: str, known_words: bool) -> None:
        """Begin with the first observation. Raises `ValueError` if it is no first page of the shop."""
        page = page_parser.read(opening)
        if not isinstance(page, page_parser.Index):
            raise ValueError(f"no first page of a shop: {opening[:200]!r}")
        self.wish: Wish = wish_of(page.instruction, known_words)
        self.page: PageText = page
        self.sub = ""
        self.current: Looked | None = None
        self.looked: dict[str, Looked] = {}
        self.results: Results | None = None
        self.searches: list[str] = []
        self.best = 0

    def observe(self, action: str, observation: str) -> None:
        """Take note of an action and of the page that followed."""
        before, after = self.page, page_parser.read(observation)
        if isinstance(after, Other):
            return  # "Nothing happens.": the page is still there
        self.page = after
        name, _, rest = action.strip().partition("[")
        argument = rest.removesuffix("]").lower()
        if name == "search" and isinstance(self.page, Results) and self.page != before:
            self.searches.append(argument)
            self.best = 0
        match self.page:
            case Results():
                self.results, self.sub = self.page, ""
                self.best = max([self.best, *(self.count(item) for item in self.page.items if self.affordable(item))])
            case Shown(title, price, options):
                self.sub = ""
                if isinstance(before, Results):
                    asin = next((item.asin for item in before.items if item.asin.lower() == argument), argument)
                    self.current = self.looked.setdefault(asin, Looked(asin))
                if self.current is not None:
                    self.current.title, self.current.price, self.current.options = title, price, dict(options)
                    self.current.texts["title"] = title
            case Text(text):
                self.sub = argument if isinstance(before, Shown) else self.sub
                if self.current is not None:
                    self.current.texts[self.sub] = text

    def count(self, item: Item) -> int:
        """How many phrases of the wish a title has."""
        return sum(says(item.title, phrase) for phrase in self.wish.phrases)

    def affordable(self, item: Item | Looked) -> bool:
        """Whether a product costs no more than the limit."""
        return page_parser.lowest_price(item.price) <= self.wish.limit

    def missing(self, product: Looked) -> list[str]:
        """Phrases of the wish that no text read of the product states, in their order."""
        return [
            phrase for phrase in self.wish.phrases if not any(says(text, phrase) for text in product.texts.values())
        ]

    def unread(self, product: Looked) -> list[str]:
        """Sub pages that may state something and were not read yet, the one to read first in front."""
        return [name for name in (pages.FEATURES, pages.DESCRIPTION) if name not in product.texts]

    def unavailable(self, product: Looked) -> list[str]:
        """Values asked for that the product is not sold with."""
        sold = {value for values in product.options.values() for value in values}
        return [value for value in self.wish.values if value not in sold]
