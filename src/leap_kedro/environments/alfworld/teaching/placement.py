"""Usual places of objects in the official train games, as common knowledge about households.

The file `priors.json` has, for each room type, the shares of the kinds of place where objects of a kind were found.
Texts do not name the room, so room types are weighted by how well their furniture fits the listed places.
"""

import json
from collections import Counter
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from leap_kedro.environments.alfworld.teaching.text_parser import kind_of

OPENABLE_KINDS = frozenset({"cabinet", "drawer", "fridge", "microwave", "safe"})
"""Kinds of place that are usually closed initially."""
ROW_KINDS = frozenset({"cabinet", "drawer"})
"""Those of them of which a room has up to thirty, with few objects each."""

_ABSENT = 0.01  # probability of a kind of furniture in a room type without any
_ANYWHERE = 0.001  # share of a kind of object at each kind of place


@cache
def priors() -> dict[str, Any]:
    """The figures of `priors.json`."""
    loaded: dict[str, Any] = json.loads((files(__package__) / "priors.json").read_text())
    return loaded


@lru_cache(maxsize=4096)
def likelihood(kind: str, places: tuple[str, ...]) -> dict[str, float]:
    """Prior probability of an object of a kind at each place; sums to 1."""
    counts = Counter(kind_of(place) for place in places)
    rooms = _room_weights(frozenset(counts))
    shares = dict.fromkeys(counts, _ANYWHERE)
    for room, weight in rooms.items():
        for place_kind, share in priors()["rooms"][room]["place"].get(kind, {}).items():
            if place_kind in shares:
                shares[place_kind] += weight * share
    total = sum(shares.values())
    return {place: shares[kind_of(place)] / total / counts[kind_of(place)] for place in places}


def fits(kind: str, place_kind: str) -> bool:
    """Whether objects of a kind were found at a kind of place, so that they can be put there."""
    return any(room["place"].get(kind, {}).get(place_kind, 0) > 0 for room in priors()["rooms"].values())


@lru_cache(maxsize=4096)
def _room_weights(place_kinds: frozenset[str]) -> dict[str, float]:
    """Weight of each room type given the kinds of furniture; sums to 1."""
    weights = {}
    for room, figures in priors()["rooms"].items():
        weight = 1.0
        for place_kind in sorted(place_kinds):
            present = sum(share for _, share in figures["recep"].get(place_kind, ()))
            weight *= max(min(present, 1.0), _ABSENT)
        weights[room] = weight
    total = sum(weights.values())
    return {room: weight / total for room, weight in weights.items()}
