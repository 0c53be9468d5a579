"""Questions about the pages so far, which the embedded student's base model learns to answer.

They precede a reply, and if possible they are worded like the first clause of a reason (`reasons.py`).
"""

from collections.abc import Iterator, Sequence
from random import Random

from leap_kedro.environments.questions import Asked, Asker, Question, drawn_questions
from leap_kedro.environments.vocabulary import phrases
from leap_kedro.environments.webshop.tasks.words import SPOKEN
from leap_kedro.environments.webshop.teaching.memory import Memory
from leap_kedro.environments.webshop.teaching.page_parser import Item, Results, Shown, Text
from leap_kedro.environments.webshop.teaching.reasons import Clause

QUESTION_PHRASES = phrases("""
    Which item | after | Is it too dear | Was it looked at | I look for | I do not see | I want | It lacks |
    This page says | What is chosen | In the words of the shop | What fits is | Yes | No | None | nothing
""")

_A_LIST = 2  # factor on the number of questions about a list of ten products
_KNOWN_WELL = 0.8  # the few alternative words are learnt quickly
_EVEN = 0.5  # for about as many "yes" as "no"


def questions_about(memory: Memory, title: str, number: int, step: int, rng: Random) -> Iterator[Question]:
    """Questions after `step` actions, see `drawn_questions`; `title` is that in the privileged block, or ""."""
    askers = dict(_ASKERS.get(type(memory.page), _ANYWHERE))
    number *= _A_LIST if isinstance(memory.page, Results) else 1
    if title:
        askers["privileged"] = (1.0, lambda *_: ("What fits is", f"{title}."))
    return drawn_questions(askers, memory, number, step, rng)


def _listed(phrases: list[str]) -> str:
    return f"{' '.join(phrases)}." if phrases else "nothing."


def _spoken(memory: Memory, rng: Random) -> Asked | None:
    said = [
        (other, value) for value in memory.wish.values for other in SPOKEN.get(value, ()) if other in memory.wish.text
    ]
    if not said:
        if rng.random() < _KNOWN_WELL:
            return None
        said = [(other, value) for value, others in SPOKEN.items() for other in others]
    other, value = rng.choice(said)
    return f"In the words of the shop {other}?", f"{value}."


def _items(memory: Memory) -> tuple[Item, ...]:
    return memory.page.items if isinstance(memory.page, Results) else ()


def _dear(memory: Memory, rng: Random) -> Asked | None:
    items = [item for item in _items(memory) if not item.visited]
    if not items:
        return None
    dear = [item for item in items if not memory.affordable(item)]
    item = rng.choice(dear if dear and rng.random() < _EVEN else items)
    return f"Is it too dear {item.asin}?", "No." if memory.affordable(item) else "Yes."


def _visited(memory: Memory, rng: Random) -> Asked | None:
    if not _items(memory):
        return None
    pool = [item for item in _items(memory) if item.visited] if rng.random() < _EVEN else []
    item = rng.choice(pool or _items(memory))
    return f"Was it looked at {item.asin}?", "Yes." if item.visited else "No."


def _next_after(memory: Memory, rng: Random) -> Asked | None:
    items = _items(memory)
    if len(items) < 2:
        return None
    place = rng.randrange(len(items) - 1)
    return f"Which item is worth a look after {items[place].asin}?", _first_new(memory, items[place + 1 :])


def _first_new(memory: Memory, items: Sequence[Item]) -> str:
    for item in items:
        if memory.affordable(item) and not item.visited:
            return Clause.LOOK_AT.format(item=item.asin)
    return Clause.NONE_HERE.value


def _missing(memory: Memory, _: Random) -> Asked | None:
    return ("I do not see", _listed(memory.missing(memory.current)[:1])) if memory.current else None


def _lacks(memory: Memory, _: Random) -> Asked | None:
    return ("It lacks", _listed(memory.unavailable(memory.current)[:1])) if memory.current else None


def _wanted(memory: Memory, _: Random) -> Asked | None:
    """The value to choose next."""
    if not isinstance(memory.page, Shown):
        return None
    left = [value for value in memory.wish.wanted(memory.page.options).values() if value not in memory.page.chosen]
    return "I want", _listed(left[:1])


def _chosen(memory: Memory, _: Random) -> Asked | None:
    if not isinstance(memory.page, Shown):
        return None
    shown = memory.page
    return "What is chosen?", _listed(
        [value for values in shown.options.values() for value in values if value in shown.chosen]
    )


def _page_says(memory: Memory, _: Random) -> Asked | None:
    if not isinstance(memory.page, Text):
        return None
    return "This page says", _listed([phrase for phrase in memory.wish.phrases if phrase in memory.page.text.lower()])


_ANYWHERE: dict[str, tuple[float, Asker[Memory]]] = {
    "wish": (0.5, lambda memory, _: ("I look for", _listed(list(memory.wish.phrases)))),
    "spoken": (0.5, _spoken),
}
_ASKERS: dict[type, dict[str, tuple[float, Asker[Memory]]]] = {
    Results: {
        "next": (4.0, lambda memory, _: ("Which item is worth a look?", _first_new(memory, _items(memory)))),
        "next_after": (4.0, _next_after),
        "dear": (4.0, _dear),
        "visited": (1.5, _visited),
        **_ANYWHERE,
    },
    Shown: {
        "missing": (5.0, _missing),
        "lacks": (4.0, _lacks),
        "wanted": (5.0, _wanted),
        "chosen": (1.0, _chosen),
        **_ANYWHERE,
    },
    Text: {"says": (6.0, _page_says), "missing": (5.0, _missing), **_ANYWHERE},
}
