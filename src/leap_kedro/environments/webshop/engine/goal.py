"""Goals of customers."""

from dataclasses import dataclass

NO_LIMIT = 1_000_000.0
"""Price limit in dollars of a goal without a limit."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: the product to buy.

    Attributes:
        asin: The product from which the goal was made; another product may satisfy it, too.
        instruction: The customer's words, including the price limit.
        attributes: Required attributes.
        options: Required option values, or (name, value) pairs of a synthetic goal.
        price_upper: Highest price, dollars.
        name: Title of that product.
        query: Search query of that product.
        category: Department of that product.
        product_category: Category path of that product.
    """

    asin: str
    instruction: str
    attributes: tuple[str, ...]
    options: tuple[str, ...] | tuple[tuple[str, str], ...]
    price_upper: float
    name: str
    query: str
    category: str
    product_category: str

    @property
    def option_values(self) -> tuple[str, ...]:
        """The required option values without the names of their options."""
        return tuple(option if isinstance(option, str) else option[1] for option in self.options)
