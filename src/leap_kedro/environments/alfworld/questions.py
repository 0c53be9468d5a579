"""Questions about transcripts of random walks: what the embedded student's base learns to read.

The walks are goal-blind. Some sweep the places in the order listed, so that "which place is next" has an answer that
must be looked for. Half of the transcripts carry a block of privileged facts, about which questions are asked, too.
The answers use the clauses of `reasons.py`, so that what is learnt here serves when the student reasons.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from leap_kedro.environments.alfworld import reading
from leap_kedro.environments.alfworld.memory import Memory
from leap_kedro.environments.alfworld.placement import OPENABLE_KINDS, ROW_KINDS
from leap_kedro.environments.alfworld.reading import Change, kind_of
from leap_kedro.environments.protocol import Benchmark, Environment, Oracle
from leap_kedro.environments.questions import Question, Transcript
from leap_kedro.records import Task, Turn

QUESTION_PHRASES = (
    "Where is",
    "What do I have",
    "Which",
    "is next",
    "Which place is next",
    "Which surface is next",
    "Which container is next",
    "What comes after",
    "Which surface comes after",
    "Where am I",
    "What is needed",
    "What was done to",
    "What does",
    "lack",
    "Was I at",
    "Yes",
    "No",
    "None",
    "Nowhere",
)
_VERB_WEIGHTS = {"go": 6.0, "open": 5.0, "take": 4.0, "put": 3.0, "move": 3.0, "clean": 3.0, "heat": 3.0, "cool": 3.0}
_RARE_VERB_WEIGHT = 0.25
_REFUSED_SHARE = 0.06

Asked = tuple[str, str]


class Notes:
    """What a transcript has shown so far.

    Attributes:
        memory: What is known of the room.
        place: Place described last; "" before the first.
    """

    def __init__(self, opening: str) -> None:
        self.memory = Memory(opening)
        self.place = ""

    def observe(self, action: str, observation: str) -> None:
        """Take note of an action and of what followed."""
        self.memory.observe(action, observation)
        match reading.read(observation):
            case reading.Seen(place, _) | reading.Closed(place):
                self.place = place

    @property
    def view(self) -> list[str]:
        """What can be seen at the place described last."""
        return [] if self.place in self.memory.closed else self.memory.contents.get(self.place, [])

    @property
    def visited(self) -> set[str]:
        """Places described so far."""
        return self.memory.seen | self.memory.closed


def random_transcript(
    environment: Environment, oracle: Oracle, task: Task, longest: int, questions_a_step: int, seed: str
) -> Transcript:
    """A random walk through a task with questions after each observation.

    Args:
        environment: Where it is walked.
        oracle: Source of the privileged block that half of the transcripts carry.
        task: The task whose room is walked.
        longest: Highest number of actions.
        questions_a_step: Number of questions after each observation.
        seed: Seed of the walk and of the questions.
    """
    dice = random.Random(seed)
    observation = environment.reset(task)
    privileged = _privileged_block(environment, oracle, dice) if dice.random() < 0.5 else ()
    opening = observation.text
    notes = Notes(opening)
    turns: list[Turn] = []
    questions = list(_questions(notes, privileged, questions_a_step, 0, dice))
    sweep = dice.choice((0.0, 0.5, 0.8, 0.95))
    only_surfaces = dice.random() < 0.5
    for step in range(1, dice.randint(0, longest) + 1):
        action = _random_action(notes, observation.admissible or (), sweep, only_surfaces, dice)
        result = environment.step(action)
        observation = result.observation
        turns.append(Turn(action, observation.text))
        notes.observe(action, observation.text)
        questions += _questions(notes, privileged, questions_a_step, step, dice)
        if result.done:
            break
    return Transcript(opening, tuple(turns), tuple(questions), " ".join(privileged))


def random_transcripts(
    benchmark: Benchmark, split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """Transcripts of `count` tasks of a split, one random walk each; the arguments are those of `random_transcript`."""
    environment, oracle = benchmark.environment(), benchmark.oracle()
    for task in benchmark.tasks(split, count, seed):
        yield random_transcript(environment, oracle, task, longest, questions, f"{seed}/{task.id}")


def _privileged_block(environment: Environment, oracle: Oracle, dice: random.Random) -> tuple[str, ...]:
    facts = list(oracle.state(environment).facts)
    dice.shuffle(facts)
    return tuple(facts)


def _random_action(
    notes: Notes, admissible: Sequence[str], sweep: float, only_surfaces: bool, dice: random.Random
) -> str:
    if dice.random() < _REFUSED_SHARE:
        return f"{dice.choice(('go to', 'open', 'examine'))} {dice.choice(notes.memory.places)}"
    verbs: dict[str, list[str]] = {}
    for action in admissible:
        verbs.setdefault(action.split()[0], []).append(action)
    weights = [_VERB_WEIGHTS.get(verb, _RARE_VERB_WEIGHT) for verb in verbs]
    (verb,) = dice.choices(list(verbs), weights)
    if verb == "go" and dice.random() < sweep:
        following = next(_unvisited(notes, _is_surface if only_surfaces else _any_place), None)
        if following and f"go to {following}" in verbs[verb]:
            return f"go to {following}"
    return dice.choice(verbs[verb])


def _any_place(_: str) -> bool:
    return True


def _is_surface(place: str) -> bool:
    return kind_of(place) not in OPENABLE_KINDS


def _is_container(place: str) -> bool:
    return kind_of(place) in OPENABLE_KINDS


def _unvisited(notes: Notes, wanted: Callable[[str], bool]) -> Iterator[str]:
    return (place for place in notes.memory.places if place not in notes.visited and wanted(place))


def _questions(
    notes: Notes, privileged: tuple[str, ...], number: int, step: int, dice: random.Random
) -> Iterator[Question]:
    kinds = list(_ASKERS)
    weights = [_ASKERS[kind][0] for kind in kinds]
    asked: set[str] = set()
    for _ in range(number):
        (kind,) = dice.choices(kinds, weights)
        made = _about_privileged(notes, privileged, dice) if kind == "privileged" else _ASKERS[kind][1](notes, dice)
        if made and made[0] not in asked:
            asked.add(made[0])
            yield Question(step, kind, *made)


def _kind_to_ask(notes: Notes, dice: random.Random) -> str:
    """Kind of object: mostly one that is needed or was seen, so that "no" and "yes" are about as frequent."""
    seen = [kind_of(thing) for things in notes.memory.contents.values() for thing in things]
    here = [kind_of(thing) for thing in notes.view]
    pools = [pool for pool in (seen, here, here, [notes.memory.goal.kind]) if pool]
    return dice.choice(dice.choice(pools))


def _ask_need(notes: Notes, dice: random.Random) -> Asked:
    """Where such a thing is, as far as it was seen; asked like the first clause of a reason."""
    kind = _kind_to_ask(notes, dice)
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
    return question, "Nowhere."


def _ask_where(notes: Notes, dice: random.Random) -> Asked | None:
    whereabouts = _whereabouts(notes)
    if not whereabouts:
        return None
    thing = dice.choice(sorted(whereabouts))
    place = whereabouts[thing]
    return f"Where is {thing}?", f"{place}." if place else f"I have {thing}."


def _whereabouts(notes: Notes) -> dict[str, str]:
    """Place of every object seen; "" for the one in hand."""
    found = {thing: place for place, things in notes.memory.contents.items() for thing in things}
    return found | {notes.memory.held: ""} if notes.memory.held else found


def _ask_held(notes: Notes, _: random.Random) -> Asked:
    return "What do I have?", f"I have {notes.memory.held}." if notes.memory.held else "nothing."


def _next(question: str, notes: Notes, wanted: Callable[[str], bool]) -> Asked:
    place = next(_unvisited(notes, wanted), None)
    return question, f"Next is {place}." if place else "None."


def _ask_next_of_kind(notes: Notes, dice: random.Random) -> Asked:
    kind = kind_of(dice.choice(notes.memory.places))
    return _next(f"Which {kind} is next?", notes, lambda place: kind_of(place) == kind)


def _ask_next_place(notes: Notes, _: random.Random) -> Asked:
    return _next("Which place is next?", notes, _any_place)


def _ask_next_surface(notes: Notes, _: random.Random) -> Asked:
    return _next("Which surface is next?", notes, _is_surface)


def _ask_next_container(notes: Notes, _: random.Random) -> Asked:
    """Single containers come before those in rows, as one would look into a fridge before twenty drawers."""
    containers = sorted(_unvisited(notes, _is_container), key=lambda place: kind_of(place) in ROW_KINDS)
    return "Which container is next?", f"Next is {containers[0]}." if containers else "None."


def _ask_after(notes: Notes, dice: random.Random) -> Asked:
    places = notes.memory.places
    index = dice.randrange(len(places))
    surfaces_only = dice.random() < 0.5
    following = (place for place in places[index + 1 :] if not surfaces_only or _is_surface(place))
    question = "Which surface comes after" if surfaces_only else "What comes after"
    place = next(following, None)
    return f"{question} {places[index]}?", f"Next is {place}." if place else "None."


def _ask_place(notes: Notes, _: random.Random) -> Asked:
    if not notes.place:
        return "Where am I?", "Nowhere."
    return "Where am I?", f"{notes.place} is closed." if notes.place in notes.memory.closed else f"{notes.place}."


def _ask_needed(notes: Notes, _: random.Random) -> Asked:
    goal = notes.memory.goal
    parts = [goal.change.value if goal.change else "", "two" if goal.count == 2 else "", goal.kind]
    return "What is needed?", " ".join(filter(None, [*parts, goal.place or goal.lamp])) + "."


def _ask_change(notes: Notes, dice: random.Random) -> Asked | None:
    things = sorted({*notes.memory.changes, *filter(None, [notes.memory.held])})
    if not things:
        return None
    thing = dice.choice(things)
    changes = sorted(notes.memory.changes.get(thing, ()))
    return f"What was done to {thing}?", " ".join(changes) + "." if changes else "nothing."


def _ask_lack(notes: Notes, dice: random.Random) -> Asked | None:
    """What the goal still asks to be done to a thing."""
    goal = notes.memory.goal
    things = sorted(_whereabouts(notes))
    needed = [thing for thing in things if kind_of(thing) == goal.kind]
    pools = [pool for pool in (things, needed, needed) if pool]
    if not pools:
        return None
    thing = dice.choice(dice.choice(pools))
    lacking = goal.change and kind_of(thing) == goal.kind and goal.change not in notes.memory.changes.get(thing, ())
    return f"What does {thing} lack?", f"{goal.change}." if lacking else "nothing."


def _ask_station(notes: Notes, dice: random.Random) -> Asked | None:
    """Where one cleans, heats or cools in this room."""
    stations = {change: notes.memory.of_kind(change.station) for change in Change}
    possible = [change for change in Change if stations[change]]
    if not possible:
        return None
    change = dice.choice(possible)
    return f"To {change} it I need", f"{stations[change][0]}."


def _ask_destination(notes: Notes, _: random.Random) -> Asked | None:
    """The first place listed of the kind that the goal names."""
    places = notes.memory.of_kind(notes.memory.goal.place)
    return ("It goes to", f"{places[0]}.") if places else None


def _ask_visited(notes: Notes, dice: random.Random) -> Asked:
    pool = sorted(notes.visited) if notes.visited and dice.random() < 0.5 else list(notes.memory.places)
    place = dice.choice(pool)
    return f"Was I at {place}?", "Yes." if place in notes.visited else "No."


def _about_privileged(notes: Notes, privileged: tuple[str, ...], dice: random.Random) -> Asked | None:
    """Where something is by the privileged block; what was seen to move since is not asked about."""
    known = _whereabouts(notes)
    pairs = [fact.rstrip(".").partition(" is in ")[::2] for fact in privileged]
    several = Counter(thing for thing, place in pairs if place)
    told = {
        thing: place for thing, place in pairs if place and several[thing] == 1 and known.get(thing, place) == place
    }
    if not told:
        return None
    thing = dice.choice(sorted(told))
    return f"Where is {thing}?", f"{told[thing]}."


_ASKERS: dict[str, tuple[float, Callable[[Notes, random.Random], Asked | None]]] = {
    "need": (8.0, _ask_need),
    "where": (2.5, _ask_where),
    "held": (1.0, _ask_held),
    "next_of_kind": (2.0, _ask_next_of_kind),
    "next_place": (2.0, _ask_next_place),
    "next_surface": (5.0, _ask_next_surface),
    "next_container": (4.0, _ask_next_container),
    "after": (2.0, _ask_after),
    "place": (2.0, _ask_place),
    "needed": (1.0, _ask_needed),
    "change": (1.0, _ask_change),
    "lack": (1.5, _ask_lack),
    "station": (1.0, _ask_station),
    "destination": (1.0, _ask_destination),
    "visited": (1.5, _ask_visited),
    "privileged": (2.0, lambda *_: None),
}
