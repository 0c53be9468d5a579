"""What a customer has seen so far, as known from the texts of the pages."""

from dataclasses import dataclass, field

from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.teaching import page_parser
from leap_kedro.environments.webshop.teaching.page_parser import Item, Other, PageText, Results, Shown, Text
from leap_kedro.environments.webshop.teaching.wishes import Wish, says, wish_of


@dataclass(slots=True)
class Looked:
    """What is known of a visited product.

    Attributes:
        asin: Its id.
        title: Its title.
        price: Its price tag.
        texts: Texts that were read: its title, and sub pages by name.
        options: Name of an option -> its values.
    """

    asin: str
    title: str = ""
    price: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Memory:
    """The memory of a customer in an episode.

    Attributes:
        wish: The customer's wish.
        page: The current page.
        sub: Name of the current sub page; "" on other pages.
        current: The product of the current page, or the last one before it.
        looked: Visited products by id.
        results: The last results page.
        searches: The searches so far.
        best: Highest number of phrases of the wish in an affordable title of the current search.
    """

    def __init__(self, opening: str, known_words: bool) -> None:
        """Begin with the first observation. Raises `ValueError` if it is not the first page of the shop."""
        page = page_parser.read(opening)
        if not isinstance(page, page_parser.Index):
            raise ValueError(f"not the first page of a shop: {opening[:200]!r}")
        self.wish: Wish = wish_of(page.instruction, known_words)
        self.page: PageText = page
        self.sub = ""
        self.current: Looked | None = None
        self.looked: dict[str, Looked] = {}
        self.results: Results | None = None
        self.searches: list[str] = []
        self.best = 0

    def observe(self, action: str, observation: str) -> None:
        """Record an action and the page that followed."""
        before, after = self.page, page_parser.read(observation)
        if isinstance(after, Other):
            return  # the page has not changed
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
        """The number of phrases of the wish in a title."""
        return sum(says(item.title, phrase) for phrase in self.wish.phrases)

    def affordable(self, item: Item | Looked) -> bool:
        """Whether a product costs no more than the limit."""
        return page_parser.lowest_price(item.price) <= self.wish.limit

    def missing(self, product: Looked) -> list[str]:
        """Phrases of the wish that no text of the product has stated so far, in their order."""
        return [
            phrase for phrase in self.wish.phrases if not any(says(text, phrase) for text in product.texts.values())
        ]

    def unread(self, product: Looked) -> list[str]:
        """Unread sub pages that may state something, in the order in which to read them."""
        return [name for name in (pages.FEATURES, pages.DESCRIPTION) if name not in product.texts]

    def unavailable(self, product: Looked) -> list[str]:
        """Requested option values that the product does not have."""
        sold = {value for values in product.options.values() for value in values}
        return [value for value in self.wish.values if value not in sold]
