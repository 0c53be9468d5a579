"""Other games that a history cannot tell from the one in play: what the goal needs and nobody saw is elsewhere."""

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

_TRIES = 10  # draws for each game that is wanted: some show in the history after all

Shown = tuple[str, tuple[str, ...]]
"""What a student has in front of it: the text and the admissible actions."""


def alternatives(game: Game, actions: Sequence[str], count: int, seed: int) -> Iterator[Game]:
    """Games in which `actions` show the same texts and admissible actions as they did in `game`.

    The objects (and lamps) that the goal may use and that no text has named yet are placed anew, each in a receptacle
    whose inside was not shown, by how likely such objects are there; at least one of them is elsewhere than in `game`.
    Of a thing that another one holds, both move. Nothing else changes.

    Args:
        game: The game in play, which is left as it is.
        actions: What was done in it since its start.
        count: Most games; fewer come where few places or none are left.
        seed: Seed of the places.

    Yields:
        Games at the moment at which `game` is. The same one may come twice.
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
    """Of each thing that the goal may use and that is still hidden: where it may be, with weights."""
    rules, goal = game.rules, game.problem.goal
    barred = TOOLS.get(goal.task_type, goal.receptacle_type)  # no game begins with the goal reached or begun
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
