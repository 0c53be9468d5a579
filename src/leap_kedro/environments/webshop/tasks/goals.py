"""Goals of the original, human or synthetic, and their published splits.

Goals are stored as numbers and built on access, because a large catalogue has millions of synthetic ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate
from math import prod
from random import Random

import numpy as np

from leap_kedro.environments.webshop.engine.goal import NO_LIMIT, Goal
from leap_kedro.environments.webshop.engine.products import Product
from leap_kedro.environments.webshop.tasks.catalogue import Catalogue

_LIMITS = tuple(10.0 * step for step in range(1, 100))
_SHUFFLE_SEED = 233  # the original's
_PUBLISHED = {"test": slice(0, 500), "eval": slice(500, 1500), "train": slice(1500, None)}
_FRACTIONS = {"test": (0.0, 0.2), "eval": (0.2, 0.3), "train": (0.3, 1.0)}
_LEAST_FOR_PUBLISHED = 3_000

SPLITS = tuple(_PUBLISHED)


class GoalKind(StrEnum):
    """Kind of goals."""

    HUMAN = "human"
    """Instructions that people wrote."""
    SYNTHETIC = "synthetic"
    """A product's attributes with every combination of its options."""
    AUTO = "auto"
    """Human goals if there are 500 of them, else synthetic ones."""


class Goals(Sequence[Goal]):
    """The goals of a catalogue in the original's order, which is shuffled with a fixed seed."""

    def __init__(self, catalogue: Catalogue, kind: GoalKind, seed: int) -> None:
        """Count the goals.

        Args:
            catalogue: The catalogue.
            kind: Kind of the goals; `GoalKind.AUTO` depends on their number.
            seed: Seed of the price limits, which differ between processes in the original.
        """
        human = sum(1 for records in catalogue.human.values() for each in records if each.instruction_attributes)
        if kind is GoalKind.AUTO:
            kind = GoalKind.HUMAN if human >= _PUBLISHED["test"].stop else GoalKind.SYNTHETIC
        self.kind = kind
        self._catalogue, self._seed = catalogue, seed
        counts = [self._count(product) for product in catalogue.products]
        self._ends = np.array(list(accumulate(counts)), dtype=np.int64)
        order = list(range(sum(counts)))
        Random(_SHUFFLE_SEED).shuffle(order)
        self._order = np.array(order, dtype=np.int64)

    def __len__(self) -> int:
        """Number of goals."""
        return len(self._order)

    def __getitem__(self, index: int) -> Goal:  # type: ignore[override]
        """The goal at an index of the shuffled order."""
        number = int(self._order[index])
        place = int(np.searchsorted(self._ends, number, side="right"))
        product = self._catalogue.products[place]
        within = number - (int(self._ends[place - 1]) if place else 0)
        return self._human(product, within) if self.kind is GoalKind.HUMAN else self._synthetic(product, within)

    def __iter__(self) -> Iterator[Goal]:
        """The goals in order."""
        return (self[index] for index in range(len(self)))

    def split(self, name: str) -> range:
        """Indices of the goals of a split: the published ones, or fractions if there are few goals."""
        if len(self) >= _LEAST_FOR_PUBLISHED:
            return range(len(self))[_PUBLISHED[name]]
        low, high = _FRACTIONS[name]
        return range(round(low * len(self)), round(high * len(self)))

    def _count(self, product: Product) -> int:
        if self.kind is GoalKind.HUMAN:
            return sum(bool(each.instruction_attributes) for each in self._catalogue.human.get(product.asin, ()))
        record = self._catalogue.synthetic.get(product.asin)
        if record is None or not record.instruction_attributes:
            return 0
        return prod(len(values) for values in product.options.values())

    def _human(self, product: Product, within: int) -> Goal:
        written = [each for each in self._catalogue.human[product.asin] if each.instruction_attributes][within]
        options = written.instruction_options
        return self._goal(
            product,
            within,
            written.instruction.strip("."),
            written.instruction_attributes,
            tuple(options.items()) if isinstance(options, Mapping) else options,
        )

    def _synthetic(self, product: Product, within: int) -> Goal:
        record = self._catalogue.synthetic[product.asin]
        chosen: list[tuple[str, str]] = []
        for name in sorted(product.options, reverse=True):  # the value of the last name changes fastest
            within_option = product.options[name]
            within, place = divmod(within, len(within_option))
            chosen.insert(0, (name, within_option[place]))
        wanted = ", and ".join(f"{name}: {value}" for name, value in chosen)
        instruction = f"{record.instruction}{' with ' + wanted if wanted else ''}"
        return self._goal(product, 0, instruction, record.instruction_attributes or (), tuple(chosen))

    def _goal(
        self,
        product: Product,
        within: int,
        instruction: str,
        attributes: tuple[str, ...],
        options: tuple[str, ...] | tuple[tuple[str, str], ...],
    ) -> Goal:
        limit = _limit(product.price, Random(f"{self._seed}/limit/{product.asin}/{within}"))
        price = "" if limit == NO_LIMIT else f", and price lower than {limit:.2f} dollars"
        return Goal(
            asin=product.asin,
            instruction=f"{instruction}{price}",
            attributes=attributes,
            options=options,
            price_upper=limit,
            name=product.title,
            query=product.query,
            category=product.category,
            product_category=product.product_category,
        )


def _limit(price: float, rng: Random) -> float:
    """The larger of two of the next four ten-dollar steps above the price; `NO_LIMIT` above all steps."""
    above = [limit for limit in _LIMITS if limit > price][:4]
    return max(rng.sample(above, 2)) if len(above) > 1 else NO_LIMIT
