"""A vocabulary and questions for an embedded student, from random walks through any environment that lists actions.

Words, and numbered entities of actions ("box 3"), that recur in several tasks become tokens; other words of the first
observation are copy slots (`slots.py`), and the rest is one token for unknown words. Words that actions name and that
only some tasks' first observations have say what is wanted in a task: there they are slots, too, so that the student
need not learn for each of them that it has to be found again. The questions are about the transcript itself: how a
sentence goes on that was shown before, what an action was answered with, and whether it was tried.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from random import Random
from typing import TYPE_CHECKING

from leap_kedro.environments.actions import OPEN, filled, is_open
from leap_kedro.environments.core import LacksCapability
from leap_kedro.environments.questions import Asked, Asker, Question, Transcript, drawn_questions
from leap_kedro.environments.slots import UNKNOWN
from leap_kedro.environments.vocabulary import CopySlots, Vocabulary
from leap_kedro.records import Task, Turn

if TYPE_CHECKING:
    from leap_kedro.environments.completed import Completed

INTENTION = "I want to {action}."
"""The reason of a decision for which nobody has a better one."""

_SPLIT, _BASE = "train", "base"  # the base model reads training tasks
_TASKS, _LONGEST = 100, 30  # of the walks whose words are counted
_ON_PLAN = 0.6  # share of their actions that follow the plan, if there is one: else they would not get far
_LEAST_TASKS = 3  # a word that recurs in as many tasks is a token
_MOST_WORDS = 1_500
_SLOTS = 32
_ANSWER_WORDS = 14
_OWN_WORDS = ("yes", "no", "was", "tried", "it", "i", "want", "to")
_FUNCTION_WORDS = frozenset(
    ("a", "an", "the", "and", "or", "of", "to", "in", "into", "on", "onto", "at", "from", "with")
)
_OFTEN = 0.5  # a word in a larger share of the first observations does not tell tasks apart
_MARKS = (".", ",", "?", ":", "!")
_ENTITY = re.compile(r"\b([a-z]+) (\d+)\b")
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*|\d+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(slots=True)
class _Walk:
    """What a walk has shown so far: observations with the actions that they answer, and the actions to choose from."""

    opening: str
    turns: list[Turn] = field(default_factory=list)
    listed: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        return [each for text in (self.opening, *(turn.observation for turn in self.turns)) for each in _parts(text)]


@lru_cache(maxsize=4)
def vocabulary_of(benchmark: "Completed") -> Vocabulary:
    """The words of some random walks through training tasks.

    Raises:
        EnvironmentFailure: If the environment fails in a walk.
        LacksCapability: If the environment lists no actions.
    """
    tasks_with: Counter[str] = Counter()
    openings_with: Counter[str] = Counter()
    highest: dict[str, int] = {}
    entities: Counter[str] = Counter()
    verbs, objects = set(_FUNCTION_WORDS), set[str]()
    tasks = benchmark.tasks(_SPLIT, _TASKS, 0)
    for number, task in enumerate(tasks):
        actions: set[str] = set()
        for walk in _walked(benchmark, task, _LONGEST, Random(f"vocabulary/{number}"), _ON_PLAN):
            actions.update(action.lower() for action in walk.listed)
        text = " ".join([*walk.sentences(), *benchmark.privileged(task).facts, *actions, task.goal]).lower()
        for kind, name in {(found[1], found[2]) for found in _ENTITY.finditer(" , ".join(actions))}:
            highest[kind] = max(highest.get(kind, 0), int(name))
            entities[kind] += 1
        tasks_with.update(set(_WORD.findall(text)))
        openings_with.update(set(_WORD.findall(walk.opening.lower())))
        for verb, *words in filter(None, map(_WORD.findall, actions)):
            verbs.add(verb)
            objects.update(words)
    varying = {word for word in objects - verbs - entities.keys() if 0 < openings_with[word] < _OFTEN * len(tasks)}
    recurring = [word for word, count in tasks_with.most_common(_MOST_WORDS) if count >= _LEAST_TASKS]
    return Vocabulary(
        entities={kind: min(highest[kind], 99) for kind, count in entities.items() if count >= _LEAST_TASKS},
        phrases=tuple(dict.fromkeys([*_OWN_WORDS, *_MARKS, *sorted(recurring), UNKNOWN])),
        lowercase=True,
        slots=CopySlots(task=r"(?s)(.*)", count=_SLOTS, varying=tuple(sorted(varying))),
    )


def random_transcripts(
    benchmark: "Completed", split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """Random walks of at most `longest` actions with questions; tasks are repeated if the split has fewer than `count`.

    Half of the transcripts have a block of privileged facts. The split ``base`` means the training tasks.
    """
    tasks = benchmark.tasks(_SPLIT if split == _BASE else split, min(count, 1_000), 0)
    for number in range(count):
        task, rng = tasks[number % len(tasks)], Random(f"{seed}/{number}")
        facts = benchmark.privileged(task).facts if rng.random() < 0.5 else ()
        askers: dict[str, tuple[float, Asker[_Walk]]] = {**_ASKERS}
        if facts:
            askers["privileged"] = (2.0, partial(_stated, facts))
        asked: list[Question] = []
        for step, walk in enumerate(_walked(benchmark, task, rng.randint(0, longest), rng)):
            asked += drawn_questions(askers, walk, questions, step, rng)
        yield Transcript(walk.opening, tuple(walk.turns), tuple(asked), " ".join(facts))


def _walked(benchmark: "Completed", task: Task, longest: int, rng: Random, on_plan: float = 0.0) -> Iterator[_Walk]:
    """A walk after each of its observations; always the same object."""
    environment, oracle = benchmark.environment(), benchmark.oracle()
    seen = environment.reset(task)
    if seen.admissible is None:
        raise LacksCapability(
            f"The environment '{benchmark.name}' lists no actions, so random walks cannot show its words. Use a "
            "language model as the student (--params=bootstrap.base=FOLDER), or give the environment a `vocabulary` "
            "(docs/your_environment.md)."
        )
    walk = _Walk(seen.text, listed=seen.admissible)
    yield walk
    for _ in range(longest):
        if not walk.listed:
            return
        plan = oracle.state(environment).plan if rng.random() < on_plan else ()
        action = plan[0] if plan else rng.choice(walk.listed)
        if is_open(action):
            action = filled(action, rng.choice(_WORD.findall(walk.opening.lower()) or [OPEN]))
        result = environment.step(action)
        walk.turns.append(Turn(action, result.observation.text))
        walk.listed = result.observation.admissible or ()
        yield walk
        if result.done:
            return


def _parts(text: str) -> list[str]:
    return [part for part in _SENTENCE.split(text.strip()) if part]


def _continued(sentences: list[str], rng: Random) -> Asked | None:
    """The second half of a sentence, given the first."""
    long_enough = [sentence for sentence in sentences if len(sentence.split()) >= 3]
    if not long_enough:
        return None
    words = rng.choice(long_enough[-12:]).split()
    half = rng.randint(1, len(words) - 1)
    return " ".join(words[:half]), " ".join(words[half : half + _ANSWER_WORDS])


def _stated(facts: Sequence[str], _: _Walk, rng: Random) -> Asked | None:
    """How a privileged fact goes on."""
    return _continued(list(facts), rng)


def _answered(walk: _Walk, rng: Random) -> Asked | None:
    """The beginning of what an action was last answered with."""
    if not walk.turns:
        return None
    action = rng.choice(walk.turns).action
    last = next(turn.observation for turn in reversed(walk.turns) if turn.action == action)
    return f"{action}?", " ".join(" ".join(_parts(last)[:1]).split()[:_ANSWER_WORDS])


def _tried(walk: _Walk, rng: Random) -> Asked | None:
    """Whether an action was tried."""
    done = [turn.action for turn in walk.turns]
    action = rng.choice([*done, *walk.listed] if rng.random() < 0.5 or not done else done) if walk.listed else ""
    return (f"was it tried: {action}?", "yes." if action in done else "no.") if action else None


_ASKERS: Mapping[str, tuple[float, Asker[_Walk]]] = {
    "continue": (3.0, lambda walk, rng: _continued(walk.sentences(), rng)),
    "answered": (2.0, _answered),
    "tried": (1.0, _tried),
}
