"""Products of the shop and their construction from the official records."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

_PRICE_IF_NONE = 100.0
_LONGEST_ASIN = 10


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the shop.

    Attributes:
        asin: Its id, ten characters.
        title: Its name.
        description: Text of the sub page Description.
        bullets: Lines of the sub page Features.
        price_tag: Price as shown: ``$12.5``, or ``$10.0 to $20.0``.
        price: Price for the reward, in dollars; for a range, a value within it.
        options: Name of an option -> its values, both in lower case, in the order shown.
        attributes: Its known attributes, such as "machine wash"; never shown as such.
        query: The search query with which the product was collected.
        category: Department.
        product_category: Path of categories, separated by "›".
    """

    asin: str
    title: str
    description: str
    bullets: tuple[str, ...]
    price_tag: str
    price: float
    options: Mapping[str, tuple[str, ...]]
    attributes: tuple[str, ...]
    query: str
    category: str
    product_category: str


def is_nan(value: object) -> bool:
    """Whether a value of the official files is `NaN`, which pandas writes for a missing value."""
    return isinstance(value, float) and math.isnan(value)


NaNIsNone = BeforeValidator(lambda value: None if is_nan(value) else value)
"""Validator of fields that may have no value."""


class OptionRecord(BaseModel):
    """An option value in `items_shuffle.json`."""

    model_config = ConfigDict(extra="ignore")

    value: str


class ProductRecord(BaseModel):
    """A product in `items_shuffle.json`; other fields are not used."""

    model_config = ConfigDict(extra="ignore")

    asin: str
    name: str
    full_description: str
    small_description: list[str] | str
    pricing: Annotated[str | None, NaNIsNone] = None
    customization_options: Annotated[
        dict[str, Annotated[list[OptionRecord] | None, NaNIsNone]] | Literal[""] | None, NaNIsNone
    ] = None
    product_category: str
    category: str
    query: str


class UnreadablePrice(ValueError):
    """A price is not an amount of dollars."""


def is_skipped(asin: object) -> bool:
    """Whether the original leaves out products with this id; `NaN` counts as "nan"."""
    return is_nan(asin) or (isinstance(asin, str) and (asin == "nan" or len(asin) > _LONGEST_ASIN))


def product_of(record: ProductRecord, attributes: tuple[str, ...], seed: int) -> Product:
    """The product of a record.

    Args:
        record: The record.
        attributes: Its attributes.
        seed: Seed of the price if the tag states a range; the original draws it in every process.

    Raises:
        UnreadablePrice: If its price is not an amount of dollars.
    """
    tag, price = _price(record, seed)
    bullets = record.small_description
    return Product(
        asin=record.asin,
        title=record.name,
        description=record.full_description,
        bullets=tuple(bullets) if isinstance(bullets, list) else (bullets,),
        price_tag=tag,
        price=price,
        options=_options(record),
        attributes=attributes,
        query=record.query.lower().strip(),
        category=record.category,
        product_category=record.product_category,
    )


def _price(record: ProductRecord, seed: int) -> tuple[str, float]:
    if not record.pricing:
        return f"${_PRICE_IF_NONE}", _PRICE_IF_NONE
    try:
        amounts = [float(re.sub(r"[^\d.]", "", part)) for part in record.pricing.split("$")[1:]]
    except ValueError:
        amounts = []
    if not amounts:
        raise UnreadablePrice(f"{record.pricing!r} is not a price such as '$12.50' or '$10 to $20'")
    if len(amounts) == 1:
        return f"${amounts[0]}", amounts[0]
    low, high = amounts[:2]
    return f"${low} to ${high}", Random(f"{seed}/price/{record.asin}").uniform(low, high)


def _options(record: ProductRecord) -> dict[str, tuple[str, ...]]:
    given: Mapping[str, Any] = record.customization_options or {}
    return {
        name.lower(): tuple(content.value.strip().replace("/", " | ").lower() for content in contents)
        for name, contents in given.items()
        if contents is not None
    }
