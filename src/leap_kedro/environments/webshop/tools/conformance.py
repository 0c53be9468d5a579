"""Replays recorded episodes of the original WebShop on the native shop.

    python -m leap_kedro.environments.webshop.tools.conformance TRACES.jsonl.xz --catalogue FOLDER

The first line of a recording has the prices that the original drew. Each further line is an episode in JSON: its goal,
the first page, the page after each action (observation, clickables, search bar, reward, end), and the parts of the
reward. FOLDER has the official files. Differences of rewards are counted separately, and the page that states a reward
is compared without it.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.recordings import Difference, compare, read_recordings, require
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.nouns import NounTagger, noun_finder, resolved
from leap_kedro.environments.webshop.engine.pages import View
from leap_kedro.environments.webshop.engine.reward import Reward, RewardRule
from leap_kedro.environments.webshop.engine.search_index import Engine, product_search
from leap_kedro.environments.webshop.engine.shop import Session, Shop
from leap_kedro.environments.webshop.tasks.catalogue import Size, read_catalogue

_SHOWN = 5
_KEYS = frozenset({"goal", "start", "steps"})
_STEP_KEYS = frozenset({"action", "observation", "clickables", "has_search_bar", "reward", "done"})
_GOAL_KEYS = frozenset(
    {"asin", "category", "query", "name", "product_category", "instruction_text", "attributes", "price_upper"}
    | {"goal_options"}
)
_PARTS = {"r_type": "type", "r_att": "attributes", "r_option": "options", "r_price": "price"}


def read_episodes(path: Path) -> tuple[Mapping[str, float], Iterator[Mapping[str, Any]]]:
    """The prices and the episodes of a recording.

    Raises:
        TaskDataError: If the file cannot be read; also during the iteration.
    """
    lines = read_recordings(path, _parse)
    first = next(lines)
    if not isinstance(first.get("prices"), dict):
        raise TaskDataError(f"The recordings {path} cannot be read: line 1 has no `prices`.")
    return first["prices"], (part for part in lines if "prices" not in part)


def _parse(line: str) -> dict[str, Any]:
    """Prices or an episode. Raises `ValueError` if a line is neither."""
    part: dict[str, Any] = json.loads(line)
    if isinstance(part, dict) and "prices" in part:
        return part
    require(part, _KEYS)
    require(part["goal"], _GOAL_KEYS)
    for step in part["steps"] if isinstance(part["steps"], list) else [None]:
        require(step, _STEP_KEYS)
    return part


def recorded_goal(goal: Mapping[str, Any]) -> Goal:
    """The goal in the recording."""
    options = goal["goal_options"]
    return Goal(
        asin=goal["asin"],
        instruction=goal["instruction_text"],
        attributes=tuple(goal["attributes"]),
        options=tuple(options.items()) if isinstance(options, dict) else tuple(options),
        price_upper=goal["price_upper"],
        name=goal["name"],
        query=goal["query"],
        category=goal["category"],
        product_category=goal["product_category"],
    )


def replay(recording: Mapping[str, Any], shop: Shop) -> list[Difference]:
    """Replay a recording's actions and compare every answer."""
    goal, name = recorded_goal(recording["goal"]), f"goal {recording.get('goal_index', -1)}"
    session = Session()
    view = shop.view(session, goal)
    found = compare(name, 0, "", recording["start"], _shown(view))
    for number, step in enumerate(recording["steps"], start=1):
        after = shop.act(session, goal, step["action"], view.clickables)
        if after is not None:
            session, view = after, shop.view(after, goal)
        reward = session.reward.total if session.reward else 0.0
        shown = _shown(_stating(view, reward, step["reward"]))
        shown |= {"reward": reward, "done": session.reward is not None}
        found += compare(name, number, step["action"], step, shown)
    if session.reward is not None and "reward_info" in recording:
        parts = _parts(recording["reward_info"], session.reward)
        found += compare(name, len(recording["steps"]), "the parts of the reward", *parts)
    return found


def of_reward(found: Difference) -> bool:
    """Whether the difference is in the reward or one of its parts (``reward.type``)."""
    return found.what.startswith("reward")


def _shown(view: View) -> dict[str, object]:
    return {"observation": view.text, "clickables": list(view.clickables), "has_search_bar": view.has_search_bar}


def _stating(view: View, native: float, recorded: float) -> View:
    """The page with the recorded reward."""
    return view if native == recorded else replace(view, text=view.text.replace(f"\n{native}\n", f"\n{recorded}\n"))


def _parts(recorded: Mapping[str, Any], native: Reward) -> tuple[dict[str, Any], dict[str, object]]:
    return (
        {f"reward.{name}": recorded.get(key) for key, name in _PARTS.items()},
        {f"reward.{name}": getattr(native, name) for name in _PARTS.values()},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print counts and the first differences; 0 if there are none, 2 if a file cannot be read."""
    parser = argparse.ArgumentParser(description="Replay recorded episodes of the original WebShop on the native shop.")
    parser.add_argument("traces", type=Path, nargs="+", help="recordings, JSON lines, plain or .xz")
    parser.add_argument("--catalogue", type=Path, required=True, help="folder of the official files")
    parser.add_argument("--size", type=Size, choices=list(Size), default=Size.AUTO, help="which of them")
    parser.add_argument("--nouns", type=NounTagger, choices=list(NounTagger), default=NounTagger.AUTO)
    options = parser.parse_args(arguments)
    episodes = steps = rewards = 0
    differences: list[Difference] = []
    try:
        tagger = resolved(options.nouns)
        catalogue = read_catalogue(options.catalogue, options.size)
        search = product_search(catalogue.products, Engine.LUCENE, cache=None)
        rule = RewardRule(noun_finder(tagger))
        for path in options.traces:
            prices, episodes_of_file = read_episodes(path)
            products = (
                replace(product, price=prices.get(product.asin, product.price)) for product in catalogue.products
            )
            shop = Shop({product.asin: product for product in products}, search, rule)
            for recording in episodes_of_file:
                found = replay(recording, shop)
                differences += found
                rewards += any(map(of_reward, found))
                episodes += 1
                steps += len(recording["steps"])
    except TaskDataError as error:
        print(error, file=sys.stderr)
        return 2
    others = [each for each in differences if not of_reward(each)]
    print(f"episodes {episodes} steps {steps} differences {len(others)} rewards-different {rewards}")
    print(f"nouns by {tagger}", file=sys.stderr)
    print(*sorted(differences, key=of_reward)[:_SHOWN], sep="\n", end="\n" if differences else "")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
