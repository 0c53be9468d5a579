"""Questions about the query and the outputs, which the embedded student's base model learns to answer."""

from collections.abc import Iterator
from random import Random

from leap_kedro.environments.intercode_bash.tasks.templates import FILE_FIELDS
from leap_kedro.environments.intercode_bash.teaching.memory import Memory
from leap_kedro.environments.intercode_bash.teaching.reasons import Clause
from leap_kedro.environments.questions import Asked, Asker, Question, drawn_questions
from leap_kedro.environments.vocabulary import phrases

QUESTION_PHRASES = phrases("""
    Where is | Which file is it about | Which directory is it about | Which word is it about |
    Which other word is it about | Which ending is it about | Which new file is it about |
    Which number is it about | What was run last | What is the first line shown | What does it | None | nothing
""")


def questions_about(memory: Memory, gold: str, number: int, step: int, rng: Random) -> Iterator[Question]:
    """Questions after `step` actions, see `drawn_questions`; `gold` is the command in the privileged block, or ""."""
    askers = dict(_ASKERS)
    if gold:
        askers["privileged"] = (2.0, lambda *_: ("What does it?", gold))
    return drawn_questions(askers, memory, number, step, rng)


def _where(memory: Memory, rng: Random) -> Asked | None:
    """The place of a file, in the words of a reason."""
    known = memory.known_files()
    file = memory.reading.file.rpartition("/")[2] if memory.reading else ""
    name = file if file and rng.random() < 0.5 else rng.choice(known or [file])
    if not name:
        return None
    place = memory.place(name)
    if place is None:
        return f"Where is {name}?", Clause.WHERE.format(file=name)
    return f"Where is {name}?", Clause.THERE.format(file=name, folder=place.rpartition("/")[0])


def _field(question: str, names: tuple[str, ...]) -> "Asker[Memory]":
    def ask(memory: Memory, _: Random) -> Asked | None:
        if memory.reading is None:
            return None
        return question, next((memory.reading.fields[name] for name in names if name in memory.reading.fields), "None.")

    return ask


def _first_line(memory: Memory, _: Random) -> Asked | None:
    if not memory.ran:
        return None
    lines = memory.ran[-1][1].splitlines()
    return "What is the first line shown?", lines[0] if lines else "nothing."


_ASKERS: dict[str, tuple[float, Asker[Memory]]] = {
    "where": (8.0, _where),
    "file": (1.0, _field("Which file is it about?", FILE_FIELDS)),
    "folder": (0.5, _field("Which directory is it about?", ("dir",))),
    "word": (1.0, _field("Which word is it about?", ("word",))),
    "other_word": (0.5, _field("Which other word is it about?", ("other",))),
    "ending": (0.5, _field("Which ending is it about?", ("ext",))),
    "new": (1.0, _field("Which new file is it about?", ("new",))),
    "number": (0.5, _field("Which number is it about?", ("n", "column"))),
    "ran": (2.0, lambda memory, _: ("What was run last?", memory.ran[-1][0] if memory.ran else "nothing.")),
    "first_line": (0.5, _first_line),
}
