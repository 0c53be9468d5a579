"""The reward of a purchase (Yao et al., NeurIPS 2022, section 3.1): the original's formula with its parts.

r = r_type (n_att + n_opt + [price <= limit]) / (attributes + options + 1)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from leap_kedro.environments.webshop.engine.colours import plain_colour
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.nouns import Nouns
from leap_kedro.environments.webshop.engine.products import Product

PARTS = ("attributes", "options", "type", "price")
"""Names of the recorded parts."""

_ALIKE = 85  # of 100: above it, two texts are considered equal
_RELATED, _HARDLY = 0.2, 0.1
_LATIN_1 = dict.fromkeys(range(128, 256))


@dataclass(frozen=True, slots=True)
class Reward:
    """The reward of a purchase and its parts, each 0 to 1.

    Attributes:
        total: The reward.
        type: Factor for the kind of the product: 1, 0.5, 0.1 or 0.
        attributes: Share of the required attributes that it has.
        options: Share of the required options that were chosen; None if there are none.
        price: Whether it costs no more than the limit.
        title_score: Share of the nouns in the goal's title that its title has.
    """

    total: float
    type: float
    attributes: float
    options: float | None
    price: bool
    title_score: float


class RewardRule:
    """The formula with a method of finding nouns."""

    def __init__(self, nouns: Nouns) -> None:
        """Compare titles by their `nouns`."""
        self._nouns = nouns

    def __call__(self, product: Product, goal: Goal, price: float, chosen: Mapping[str, str]) -> Reward:
        """The reward of buying `product` at `price` dollars with `chosen` values by option name."""
        has = attributes_met(product, goal)
        picked = options_met(tuple(chosen.values()), goal.options)
        affordable = price <= goal.price_upper
        kind, title_score = self.type_factor(product, goal)
        wanted = len(goal.attributes) + len(goal.options) + 1
        return Reward(
            total=(sum(has) + sum(picked) + affordable) / wanted * kind,
            type=kind,
            attributes=sum(has) / len(has),
            options=sum(picked) / len(picked) if picked else None,
            price=affordable,
            title_score=title_score,
        )

    def type_factor(self, product: Product, goal: Goal) -> tuple[float, float]:
        """Factor for the kind of the product, and the share of the nouns in the goal's title that its title has."""
        wanted = self._nouns(goal.name)
        shared = set(wanted) & set(self._nouns(product.title))
        title_score = len(shared) / len(wanted) if wanted else _RELATED
        if title_score == 0:
            return 0.0, title_score
        if title_score < _HARDLY:
            return 0.1, title_score
        related = (
            product.query == goal.query
            or len(_parts(product.product_category) & _parts(goal.product_category)) >= 2
            or title_score > _RELATED
        )
        return 1.0 if related else 0.5, title_score


def attributes_met(product: Product, goal: Goal) -> tuple[bool, ...]:
    """For each required attribute, whether the product has it according to its attributes or texts."""
    title, bullets = product.title.lower(), " ".join(product.bullets).lower()
    description = product.description.lower()
    return tuple(
        any(_alike(has, wanted) for has in product.attributes)
        or any(wanted in text for text in (title, bullets, description))
        for wanted in goal.attributes
    )


def options_met(chosen: Sequence[str], wanted: Sequence[str | tuple[str, str]]) -> tuple[bool, ...]:
    """For each required option, whether one of the chosen values matches it."""
    values = [plain_colour(value) for value in chosen]
    return tuple(any(_alike(value, _wanted_text(option)) for value in values) for option in wanted)


def _wanted_text(option: str | tuple[str, str]) -> str:
    """In a pair, only a value that is exactly a colour counts as a colour: the original tests membership in a tuple."""
    return str(plain_colour(option))  # type: ignore[arg-type]


@lru_cache(maxsize=200_000)
def _alike(one: str, other: str) -> bool:
    """The comparison of thefuzz 0.22, which ignores non-ASCII letters of Latin-1."""
    from rapidfuzz import fuzz, utils

    one, other = (utils.default_process(text.translate(_LATIN_1)) for text in (one, other))
    return round(fuzz.token_set_ratio(one, other)) > _ALIKE


@lru_cache(maxsize=20_000)
def _parts(path: str) -> frozenset[str]:
    return frozenset(part.strip() for part in path.split("›"))
