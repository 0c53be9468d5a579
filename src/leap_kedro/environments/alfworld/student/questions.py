"""Questions about transcripts, which the embedded student's base model learns to answer.

The answers use the clauses of `reasons.py`, so that the model can use them in its reasons.
"""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from leap_kedro.environments.alfworld.student.notes import Notes, any_place, is_container, is_surface
from leap_kedro.environments.alfworld.teaching.placement import ROW_KINDS
from leap_kedro.environments.alfworld.teaching.reasons import Fact
from leap_kedro.environments.alfworld.teaching.text_parser import Change, kind_of
from leap_kedro.environments.questions import Asked, Asker, Question, drawn_questions
from leap_kedro.environments.vocabulary import phrases

QUESTION_PHRASES = phrases("""
    Where is | What do I have | Which | is next | Which place is next | Which surface is next |
    Which container is next | What comes after | Which surface comes after | Where am I | What is needed |
    What was done to | What does | lack | Was I at | Yes | No | None | Nowhere
""")


def questions_about(notes: Notes, number: int, step: int, rng: Random) -> Iterator[Question]:
    """Questions after `step` actions, see `drawn_questions`."""
    return drawn_questions(_ASKERS, notes, number, step, rng)


def _kind_to_ask(notes: Notes, rng: Random) -> str:
    """A kind of object, mostly one that is needed or was seen, so that "no" and "yes" are about as frequent."""
    seen = [kind_of(thing) for things in notes.memory.contents.values() for thing in things]
    here = [kind_of(thing) for thing in notes.view]
    pools = [pool for pool in (seen, here, here, [notes.memory.goal.kind]) if pool]
    return rng.choice(rng.choice(pools))


def _ask_need(notes: Notes, rng: Random) -> Asked:
    """The known place of such a thing; the question is worded like the first clause of a reason."""
    kind = _kind_to_ask(notes, rng)
    question = f"I need a {kind}."
    if notes.memory.held and kind_of(notes.memory.held) == kind:
        return question, f"I have {notes.memory.held}."
    here = [thing for thing in notes.view if kind_of(thing) == kind]
    if here:
        return question, f"{here[0]} is here."
    seen = notes.memory.where(kind)
    if seen:
        thing, place = seen[0]
        return question, f"I saw {thing} at {place}."
    facts = ((thing, place) for thing, place in notes.privileged.items() if kind_of(thing) == kind)
    thing, place = next(facts, ("", ""))
    return question, Fact.IS_IN.format(thing=thing, place=place) if place else "Nowhere."


def _where_is(whereabouts: Mapping[str, str], rng: Random) -> Asked | None:
    if not whereabouts:
        return None
    thing = rng.choice(sorted(whereabouts))
    place = whereabouts[thing]
    return f"Where is {thing}?", f"{place}." if place else f"I have {thing}."


def _next(question: str, notes: Notes, wanted: Callable[[str], bool]) -> Asked:
    place = next(notes.unvisited(wanted), None)
    return question, f"Next is {place}." if place else "None."


def _ask_next_of_kind(notes: Notes, rng: Random) -> Asked:
    kind = kind_of(rng.choice(notes.memory.places))
    return _next(f"Which {kind} is next?", notes, lambda place: kind_of(place) == kind)


def _ask_next_container(notes: Notes, _: Random) -> Asked:
    """Single containers come before those in rows: a fridge before twenty drawers."""
    containers = sorted(notes.unvisited(is_container), key=lambda place: kind_of(place) in ROW_KINDS)
    return "Which container is next?", f"Next is {containers[0]}." if containers else "None."


def _ask_after(notes: Notes, rng: Random) -> Asked:
    places = notes.memory.places
    index = rng.randrange(len(places))
    surfaces_only = rng.random() < 0.5
    following = (place for place in places[index + 1 :] if not surfaces_only or is_surface(place))
    question = "Which surface comes after" if surfaces_only else "What comes after"
    place = next(following, None)
    return f"{question} {places[index]}?", f"Next is {place}." if place else "None."


def _ask_place(notes: Notes, _: Random) -> Asked:
    if not notes.place:
        return "Where am I?", "Nowhere."
    return "Where am I?", f"{notes.place} is closed." if notes.place in notes.memory.closed else f"{notes.place}."


def _ask_needed(notes: Notes, _: Random) -> Asked:
    goal = notes.memory.goal
    parts = [goal.change.value if goal.change else "", "two" if goal.count == 2 else "", goal.kind]
    return "What is needed?", " ".join(filter(None, [*parts, goal.place or goal.lamp])) + "."


def _ask_change(notes: Notes, rng: Random) -> Asked | None:
    things = sorted({*notes.memory.changes, *filter(None, [notes.memory.held])})
    if not things:
        return None
    thing = rng.choice(things)
    changes = sorted(notes.memory.changes.get(thing, ()))
    return f"What was done to {thing}?", " ".join(changes) + "." if changes else "nothing."


def _ask_lack(notes: Notes, rng: Random) -> Asked | None:
    """The change that the goal still requires of a thing."""
    goal = notes.memory.goal
    things = sorted(notes.whereabouts)
    needed = [thing for thing in things if kind_of(thing) == goal.kind]
    pools = [pool for pool in (things, needed, needed) if pool]
    if not pools:
        return None
    thing = rng.choice(rng.choice(pools))
    lacking = goal.change and kind_of(thing) == goal.kind and goal.change not in notes.memory.changes.get(thing, ())
    return f"What does {thing} lack?", f"{goal.change}." if lacking else "nothing."


def _ask_station(notes: Notes, rng: Random) -> Asked | None:
    """The place for cleaning, heating or cooling in this room."""
    stations = {change: notes.memory.of_kind(change.station) for change in Change}
    possible = [change for change in Change if stations[change]]
    if not possible:
        return None
    change = rng.choice(possible)
    return f"To {change} it I need", f"{stations[change][0]}."


def _ask_destination(notes: Notes, _: Random) -> Asked | None:
    """The first listed place of the goal's kind."""
    places = notes.memory.of_kind(notes.memory.goal.place)
    return ("It goes to", f"{places[0]}.") if places else None


def _ask_visited(notes: Notes, rng: Random) -> Asked:
    pool = sorted(notes.visited) if notes.visited and rng.random() < 0.5 else list(notes.memory.places)
    place = rng.choice(pool)
    return f"Was I at {place}?", "Yes." if place in notes.visited else "No."


_ASKERS: dict[str, tuple[float, Asker[Notes]]] = {
    "need": (8.0, _ask_need),
    "where": (5.0, lambda notes, rng: _where_is(notes.whereabouts, rng)),
    "held": (
        1.0,
        lambda notes, _: ("What do I have?", f"I have {notes.memory.held}." if notes.memory.held else "nothing."),
    ),
    "next_of_kind": (2.0, _ask_next_of_kind),
    "next_place": (2.0, lambda notes, _: _next("Which place is next?", notes, any_place)),
    "next_surface": (5.0, lambda notes, _: _next("Which surface is next?", notes, is_surface)),
    "next_container": (4.0, _ask_next_container),
    "after": (2.0, _ask_after),
    "place": (2.0, _ask_place),
    "needed": (1.0, _ask_needed),
    "change": (1.0, _ask_change),
    "lack": (1.5, _ask_lack),
    "station": (1.0, _ask_station),
    "destination": (1.0, _ask_destination),
    "visited": (1.5, _ask_visited),
    "privileged": (4.0, lambda notes, rng: _where_is(notes.privileged, rng)),
}
