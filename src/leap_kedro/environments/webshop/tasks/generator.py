"""Shops generated from a seed, in the official schemas; every goal can be satisfied.

Products come in families that share kind and looks, so that a search finds the whole family. They differ in features,
which only the sub pages state, in option values and in price; descriptions of expensive products repeat the keywords,
so that they are found first. A goal requires the looks of its product, two of its features, option values (half of them
in other words) and a price limit. The first hit is therefore right only sometimes: siblings lack a feature or an option
value, or cost too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from leap_kedro.environments.webshop.tasks import words
from leap_kedro.environments.webshop.tasks.catalogue import Catalogue, build_catalogue
from leap_kedro.environments.webshop.tasks.words import Kind

FAMILY = 5
"""Number of products of a family."""

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
        products: Contents of `items_shuffle.json`.
        attributes: Contents of `items_ins_v2.json`.
        human: Contents of `items_human_ins.json`.
    """

    products: list[dict[str, Any]]
    attributes: dict[str, dict[str, Any]]
    human: dict[str, list[dict[str, Any]]]

    def catalogue(self, seed: int) -> Catalogue:
        """The catalogue of these files."""
        return build_catalogue(self.products, self.attributes.items(), self.human.items(), seed=seed)


def generate_shop(name: str, seed: int, products: int) -> ShopFiles:
    """A shop with a number of products; shops of different names (splits) or seeds share no product."""
    rng = Random(f"webshop/{name}/{seed}")
    made: list[dict[str, Any]] = []
    attributes: dict[str, dict[str, Any]] = {}
    human: dict[str, list[dict[str, Any]]] = {}
    ids: set[str] = set()
    while len(made) < products:
        kind = rng.choice(words.KINDS)
        looks = rng.sample(kind.looks, 2)
        for record in _family(kind, looks, rng)[: products - len(made)]:
            asin = _new_id(name, seed, rng, ids)
            features = record.pop("features")
            made.append({"asin": asin, **record})
            attributes[asin] = {"attributes": [*looks, *features]}
            human[asin] = [_wish(asin, kind, looks, features, record, rng)]
    rng.shuffle(made)
    return ShopFiles(made, attributes, human)


def _new_id(name: str, seed: int, rng: Random, taken: set[str]) -> str:
    """A new id; ids of two shops never coincide, because the first letters identify the shop."""
    shop = Random(f"{name}/{seed}").choices(_ID_LETTERS, k=4)
    while True:
        asin = "B" + "".join(shop) + "".join(rng.choices(_ID_LETTERS, k=5))
        if asin not in taken:
            taken.add(asin)
            return asin


def _family(kind: Kind, looks: Sequence[str], rng: Random) -> list[dict[str, Any]]:
    low, high = kind.prices
    base = rng.uniform(low, low + (high - low) / 2)
    shared = rng.sample(kind.features, 3)
    return [_product(kind, looks, shared, base, high, rng) for _ in range(FAMILY)]


def _product(
    kind: Kind, looks: Sequence[str], shared: Sequence[str], base: float, highest: float, rng: Random
) -> dict[str, Any]:
    """A product of a family: it may lack one of the three shared features and have another one."""
    features = [feature for feature in shared if rng.random() < _SHARED]
    others = [feature for feature in kind.features if feature not in shared]
    features += rng.sample(others, max(_WANTED_FEATURES - len(features), int(rng.random() < 0.3)))
    rng.shuffle(features)
    factor = rng.choice((0.8, 0.95, 1.0, 1.2, _DEAR))
    price = min(highest, base * factor)
    brand = rng.choice(words.BRANDS)
    options = {name: _some(words.VALUES[name], rng) for name in kind.options}
    stated = [rng.choice(words.STATEMENTS).format(feature=feature) for feature in features]
    in_bullets = len(stated) if rng.random() < _IN_BULLETS else rng.randint(0, len(stated))
    bullets = [rng.choice(words.BULLETS).format(brand=brand), *stated[:in_bullets]]
    description = rng.choice(words.DESCRIPTIONS).format(noun=kind.noun, features=" ".join(stated[in_bullets:])).strip()
    if factor == _DEAR:  # repeated keywords rank it first
        description = f"{words.PRAISE.format(looks=' '.join(looks), noun=kind.noun)} {description}"
    return {
        "name": f"{brand} {' '.join(rng.sample(list(looks), len(looks)))} {kind.noun}".title(),
        "full_description": description,
        "small_description": bullets,
        "pricing": f"${int(price)}.{rng.choice((29, 49, 50, 79, 95, 99))}",
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


def _some(values: Sequence[str], rng: Random) -> list[str]:
    kept = [value for value in values if rng.random() < _SOLD]
    return kept if len(kept) > 1 else list(values[:2])


def _wish(
    asin: str, kind: Kind, looks: Sequence[str], features: Sequence[str], product: dict[str, Any], rng: Random
) -> dict[str, Any]:
    wanted = rng.sample(list(features), _WANTED_FEATURES)
    options = {
        name: rng.choice([content["value"] for content in contents])
        for name, contents in product["customization_options"].items()
    }
    spoken = [_spoken(value, rng) for value in options.values()]
    return {
        "asin": asin,
        "instruction": rng.choice(words.INSTRUCTIONS).format(
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


def _spoken(value: str, rng: Random) -> str:
    others = words.SPOKEN.get(value)
    return rng.choice(others) if others and rng.random() < _OTHER_WORDS else value
