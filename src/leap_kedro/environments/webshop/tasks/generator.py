"""Shops made from a seed, in the official schemas: they need judgement, and can all be satisfied.

Products come in families that share kind and looks, so that a search finds all of one: they differ in features that
only the sub pages state, in the values of their options, and in price; what costs too much praises itself and is found
first. A goal wants the looks of its product, two of its features, option values (half of them in other words), and a
price. So a first hit is right now and then: siblings lack a feature, lack the value, or cost too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from leap_kedro.environments.webshop.tasks import words
from leap_kedro.environments.webshop.tasks.catalogue import Catalogue, build_catalogue
from leap_kedro.environments.webshop.tasks.words import Kind

FAMILY = 5
"""Products of a family."""

_WANTED_FEATURES = 2
_OTHER_WORDS = 0.5
_SHARED, _SOLD = 0.7, 0.75
_IN_BULLETS = 0.6
_DEAR = 1.9
_ID_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class ShopFiles:
    """The contents of the three official files.

    Attributes:
        products: Of `items_shuffle.json`.
        attributes: Of `items_ins_v2.json`.
        human: Of `items_human_ins.json`.
    """

    products: list[dict[str, Any]]
    attributes: dict[str, dict[str, Any]]
    human: dict[str, list[dict[str, Any]]]

    def catalogue(self, seed: int) -> Catalogue:
        """The catalogue of these files, as if it had been read from them."""
        return build_catalogue(self.products, self.attributes.items(), self.human.items(), seed=seed)


def generate_shop(name: str, seed: int, products: int) -> ShopFiles:
    """A shop.

    Args:
        name: Name of the shop (a split): shops of different names or seeds share no product.
        seed: Seed.
        products: Number of products.
    """
    dice = Random(f"webshop/{name}/{seed}")
    made: list[dict[str, Any]] = []
    attributes: dict[str, dict[str, Any]] = {}
    human: dict[str, list[dict[str, Any]]] = {}
    ids: set[str] = set()
    while len(made) < products:
        kind = dice.choice(words.KINDS)
        looks = dice.sample(kind.looks, 2)
        for record in _family(kind, looks, dice)[: products - len(made)]:
            asin = _new_id(name, seed, dice, ids)
            features = record.pop("features")
            made.append({"asin": asin, **record})
            attributes[asin] = {"attributes": [*looks, *features]}
            human[asin] = [_wish(asin, kind, looks, features, record, dice)]
    dice.shuffle(made)
    return ShopFiles(made, attributes, human)


def _new_id(name: str, seed: int, dice: Random, taken: set[str]) -> str:
    """Ids of two shops never meet: the first letters tell the shop."""
    shop = Random(f"{name}/{seed}").choices(_ID_LETTERS, k=4)
    while True:
        asin = "B" + "".join(shop) + "".join(dice.choices(_ID_LETTERS, k=5))
        if asin not in taken:
            taken.add(asin)
            return asin


def _family(kind: Kind, looks: Sequence[str], dice: Random) -> list[dict[str, Any]]:
    low, high = kind.prices
    base = dice.uniform(low, low + (high - low) / 2)
    shared = dice.sample(kind.features, 3)
    return [_product(kind, looks, shared, base, high, dice) for _ in range(FAMILY)]


def _product(
    kind: Kind, looks: Sequence[str], shared: Sequence[str], base: float, highest: float, dice: Random
) -> dict[str, Any]:
    """One of a family: of three features that its siblings have it lacks one now and then, and has another one."""
    features = [feature for feature in shared if dice.random() < _SHARED]
    others = [feature for feature in kind.features if feature not in shared]
    features += dice.sample(others, max(_WANTED_FEATURES - len(features), int(dice.random() < 0.3)))
    dice.shuffle(features)
    factor = dice.choice((0.8, 0.95, 1.0, 1.2, _DEAR))
    price = min(highest, base * factor)
    brand = dice.choice(words.BRANDS)
    options = {name: _some(words.VALUES[name], dice) for name in kind.options}
    told = [dice.choice(words.STATEMENTS).format(feature=feature) for feature in features]
    in_bullets = len(told) if dice.random() < _IN_BULLETS else dice.randint(0, len(told))
    bullets = [dice.choice(words.BULLETS).format(brand=brand), *told[:in_bullets]]
    description = dice.choice(words.DESCRIPTIONS).format(noun=kind.noun, features=" ".join(told[in_bullets:])).strip()
    if factor == _DEAR:  # what praises itself is found first
        description = f"{words.PRAISE.format(looks=' '.join(looks), noun=kind.noun)} {description}"
    return {
        "name": f"{brand} {' '.join(dice.sample(list(looks), len(looks)))} {kind.noun}".title(),
        "full_description": description,
        "small_description": bullets,
        "pricing": f"${int(price)}.{dice.choice((29, 49, 50, 79, 95, 99))}",
        "customization_options": {
            name: [{"value": value, "image": None} for value in values] for name, values in options.items()
        },
        "images": [""],
        "product_category": kind.path,
        "category": kind.department,
        "query": kind.noun,
        "average_rating": "",
        "features": features,
    }


def _some(values: Sequence[str], dice: Random) -> list[str]:
    kept = [value for value in values if dice.random() < _SOLD]
    return kept if len(kept) > 1 else list(values[:2])


def _wish(
    asin: str, kind: Kind, looks: Sequence[str], features: Sequence[str], product: dict[str, Any], dice: Random
) -> dict[str, Any]:
    wanted = dice.sample(list(features), _WANTED_FEATURES)
    options = {
        name: dice.choice([content["value"] for content in contents])
        for name, contents in product["customization_options"].items()
    }
    spoken = [_spoken(value, dice) for value in options.values()]
    return {
        "asin": asin,
        "instruction": dice.choice(words.INSTRUCTIONS).format(
            looks=" ".join(looks),
            noun=kind.noun,
            features=" and ".join(wanted),
            options="".join(f", {value}" for value in spoken),
        ),
        "attributes": [*looks, *features],
        "options": [],
        "instruction_attributes": [*looks, *wanted],
        "instruction_options": list(options.values()),
    }


def _spoken(value: str, dice: Random) -> str:
    others = words.SPOKEN.get(value)
    return dice.choice(others) if others and dice.random() < _OTHER_WORDS else value
