"""Other games with the same history, in which unseen objects of the goal have other places."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import GameObject, Problem, Receptacle
from leap_kedro.environments.alfworld.engine.state import members
from leap_kedro.environments.alfworld.tasks.draw import Draw
from leap_kedro.environments.alfworld.tasks.places import TOOLS
from leap_kedro.environments.alfworld.teaching.memory import Memory
from leap_kedro.environments.alfworld.teaching.placement import fits, likelihood
from leap_kedro.environments.alfworld.teaching.text_parser import kind_of

_TRIES = 10  # draws per requested game: some contradict the history

Shown = tuple[str, tuple[str, ...]]
"""An observation: the text and the admissible actions."""


def alternatives(game: Game, actions: Sequence[str], count: int, seed: int) -> Iterator[Game]:
    """Games in which `actions` show the same texts and admissible actions as in `game`.

    Objects and lamps of the goal that no text has named get new places: receptacles whose contents were not shown,
    drawn by their likelihood. At least one object has a different place than in `game`. If an object contains another
    one, both move. Nothing else changes.

    Args:
        game: The current game, which does not change.
        actions: The actions since its start.
        count: Maximum number of games; there are fewer if few places are left.
        seed: Seed of the places.

    Yields:
        Games in the state after `actions`. A game may occur twice.
    """
    history = _play(game.copy(), actions)
    memory = Memory(history[0][0])
    for action, (text, _) in zip(actions, history[1:], strict=True):
        memory.observe(action, text)
    choices = _choices(game, memory, " ".join(text for text, _ in history))
    if not choices:
        return
    draw = Draw("alternatives", seed, len(actions))
    found = 0
    for _ in range(_TRIES * count):
        places = {thing.id: draw.weighted(pairs) for thing, pairs in choices.items()}
        if all(thing.receptacles == (places[thing.id].id,) for thing in choices):
            continue
        other = Game(_moved(game.problem, places))
        if _play(other, actions) == history:
            yield other
            found += 1
        if found == count:
            return


def _play(game: Game, actions: Sequence[str]) -> list[Shown]:
    shown = [(game.reset(), game.admissible())]
    for action in actions:
        text, *_ = game.step(action)
        shown.append((text, game.admissible()))
    return shown


def _choices(game: Game, memory: Memory, shown: str) -> dict[GameObject, list[tuple[Receptacle, float]]]:
    """Possible places, with weights, of each unseen object of the goal."""
    rules, goal = game.rules, game.problem.goal
    barred = TOOLS.get(goal.task_type, goal.receptacle_type)  # no game begins with part of the goal reached
    by_name = dict(zip(rules.receptacle_names, rules.receptacles, strict=True))
    choices = {}
    for index in members(rules.goal_objects | rules.goal_lamps):
        thing, name = rules.objects[index], rules.object_names[index]
        if not thing.receptacles or re.search(rf"\b{name}\b", shown):
            continue
        chance = likelihood(kind_of(name), memory.places)
        pairs = [
            (by_name[place], chance[place])
            for place in memory.unseen()
            if place in by_name and by_name[place].type != barred and fits(kind_of(name), kind_of(place))
        ]
        if pairs:
            choices[thing] = pairs
    return choices


def _moved(problem: Problem, places: Mapping[str, Receptacle]) -> Problem:
    objects = []
    for thing in problem.objects:
        holder = next((outer for outer in thing.contained_in if outer in places), None)
        place = places.get(thing.id) or places.get(holder or "")
        if place is None:
            objects.append(thing)
            continue
        inside = () if thing.id in places else thing.contained_in
        objects.append(replace(thing, receptacles=(place.id,), locations=(place.location,), contained_in=inside))
    return replace(problem, objects=tuple(objects))
