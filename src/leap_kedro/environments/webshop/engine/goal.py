"""What a customer wants."""

from dataclasses import dataclass

NO_LIMIT = 1_000_000.0
"""Price limit of a goal that states none, dollars."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be bought.

    Attributes:
        asin: The product that the goal was made of; another one may do as well.
        instruction: What the customer says, the price limit included.
        attributes: What the product has to be.
        options: Values to be chosen, or (name, value) pairs of a synthetic goal.
        price_upper: Highest price, dollars.
        name: Title of the product it was made of.
        query: Search of that product.
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
        """The values to be chosen, whatever the names of their options."""
        return tuple(option if isinstance(option, str) else option[1] for option in self.options)
