"""An open shop with its goals, built once per process for all its tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import Source, user_cache
from leap_kedro.environments.webshop.engine.nouns import NounTagger, noun_finder, resolved
from leap_kedro.environments.webshop.engine.reward import RewardRule
from leap_kedro.environments.webshop.engine.search_index import product_search
from leap_kedro.environments.webshop.engine.shop import Shop
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.tasks.catalogue import Catalogue, data_root, read_catalogue
from leap_kedro.environments.webshop.tasks.generator import generate_shop
from leap_kedro.environments.webshop.tasks.goals import GoalKind, Goals

GENERATED_PRODUCTS = 1_000
"""Default number of products of a generated shop."""


@dataclass(frozen=True, slots=True)
class Store:
    """A shop with its goals.

    Attributes:
        catalogue: The catalogue.
        goals: The goals in order.
        shop: The shop.
        nouns: Method by which its reward finds nouns.
    """

    catalogue: Catalogue
    goals: Goals
    shop: Shop
    nouns: NounTagger


def generated_store(options: WebShopOptions, name: str, seed: int) -> Store:
    """The generated shop with a name."""
    made = options.model_copy(update={"source": Source.GENERATED, "goals": GoalKind.HUMAN})
    return _open(made.model_dump_json(), name, seed)


def official_store(options: WebShopOptions) -> Store:
    """The shop of the official files.

    Raises:
        TaskDataError: If they are missing or malformed.
    """
    root = data_root(options.data_root)
    return _open(options.model_copy(update={"data_root": root}).model_dump_json(), "", 0)


def store_of(payload: Mapping[str, object], options: WebShopOptions) -> Store:
    """The shop that a task's payload names.

    Raises:
        TaskDataError: If it is not the payload of a WebShop task, or the official files are missing or malformed.
    """
    source = payload.get("source")
    if source == Source.OFFICIAL:
        return official_store(options)
    if source == Source.GENERATED:
        size = {"products": int(str(payload["products"]))}
        return generated_store(options.model_copy(update=size), str(payload["shop"]), int(str(payload["seed"])))
    raise TaskDataError(f"The payload {dict(payload)!r} describes no WebShop task.")


@lru_cache(maxsize=4)
def _open(options_as_json: str, name: str, seed: int) -> Store:
    options = WebShopOptions.model_validate_json(options_as_json)
    if options.source is Source.GENERATED:
        catalogue = generate_shop(name, seed, options.products or GENERATED_PRODUCTS).catalogue(options.draw_seed)
        cache = None
    else:
        root = data_root(options.data_root)
        catalogue = read_catalogue(root, options.size, options.products, options.on_malformed, options.draw_seed)
        cache = options.cache_folder or user_cache() / "webshop"
    tagger = resolved(options.nouns)
    shop = Shop(
        {product.asin: product for product in catalogue.products},
        product_search(catalogue.products, options.search, cache),
        RewardRule(noun_finder(tagger)),
    )
    return Store(catalogue, Goals(catalogue, options.goals, options.draw_seed), shop, tagger)
