"""Other shops with the same history, which differ in the contents of unseen pages."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.products import Product
from leap_kedro.environments.webshop.engine.shop import Session, Shop

_TRIES = 5  # draws per requested shop: some equal the original shop


def alternative_shops(shop: Shop, goal: Goal, actions: Sequence[str], count: int, seed: int) -> Iterator[Shop]:
    """Shops in which `actions` show the same pages as in `shop`.

    Found but unvisited products of the goal's kind (its query) exchange their hidden parts: the texts of their sub
    pages and the attributes that their titles do not state. Search, titles, prices and options do not change.

    Args:
        shop: The shop of the task.
        goal: The goal.
        actions: The actions since the start.
        count: Maximum number of shops; there are fewer, or none, if little is open.
        seed: Seed of the exchange.

    Yields:
        Shops; a shop may occur twice.
    """
    session, looked, found = Session(), set[str](), dict.fromkeys([goal.asin])
    for action in actions:
        after = shop.act(session, goal, action, shop.view(session, goal).clickables)
        session = session if after is None else after
        found |= dict.fromkeys(session.hits)
        looked |= {session.asin} - {""}
    hidden = [product for asin in found if asin not in looked and (product := shop.products[asin]).query == goal.query]
    if len({_secrets(product) for product in hidden}) < 2:
        return
    rng = Random(f"alternatives/{seed}/{len(actions)}")
    made = 0
    for _ in range(_TRIES * count):
        donors = rng.sample(hidden, len(hidden))
        changed = {
            product.asin: _with_secrets_of(donor, product) for product, donor in zip(hidden, donors, strict=True)
        }
        if all(_secrets(changed[product.asin]) == _secrets(product) for product in hidden):
            continue
        yield shop.selling(changed)
        made += 1
        if made == count:
            return


def _secrets(product: Product) -> tuple[object, ...]:
    stated = product.title.lower()
    return product.description, product.bullets, tuple(each for each in product.attributes if each not in stated)


def _with_secrets_of(donor: Product, product: Product) -> Product:
    own, given = product.title.lower(), donor.title.lower()
    attributes = [each for each in product.attributes if each in own]
    attributes += [each for each in donor.attributes if each not in given]
    return replace(
        product, description=donor.description, bullets=donor.bullets, attributes=tuple(dict.fromkeys(attributes))
    )
