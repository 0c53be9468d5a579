"""Templates of generated tasks (`templates.csv`): the wordings of the query and the gold command.

A template has usual wordings and possibly an unusual one, which a novice mistakes for another template. Fields are
``file``, ``csv`` and ``script`` (a full path in the command; the name or the full path in the query), ``dir``, ``ext``,
``word``, ``other``, ``n``, ``column``, ``new``, ``name``, and, only in commands, ``beside`` (the directory of the
file).
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from leap_kedro.environments.clauses import clause_pattern

FILE_FIELDS = ("file", "csv", "script")
_ANY = r"\S+?"
_VALUES = {"dir": r"/\S+?", "ext": r"\.\w+", "n": r"\d+", "column": r"\d+"}


@dataclass(frozen=True)
class Template:
    """One kind of task.

    Attributes:
        command: The gold command.
        does: Effect of the command, worded to complete "I ...".
        usual: Wordings that every expert understands.
        unusual: Wordings that only experienced readers understand.
        taken_for: Name of the template for which a novice mistakes an unusual wording.
    """

    command: str
    does: str
    usual: tuple[str, ...]
    unusual: tuple[str, ...]
    taken_for: str

    @cached_property
    def fields(self) -> frozenset[str]:
        """Fields of the query."""
        return frozenset(re.findall(r"\{(\w+)\}", self.usual[0]))

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], bool], ...]:
        """A pattern per wording, and whether the wording is usual."""
        wordings = [(each, True) for each in self.usual] + [(each, False) for each in self.unusual]
        return tuple((re.compile(clause_pattern(each, _VALUES, _ANY)), usual) for each, usual in wordings)


def _read() -> dict[str, Template]:
    with Path(__file__).with_name("templates.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["kind"]: Template(
                row["command"],
                row["does"],
                tuple(filter(None, (row["usual"], row["also_usual"]))),
                tuple(filter(None, (row["unusual"],))),
                row["taken_for"],
            )
            for row in csv.DictReader(file)
        }


TEMPLATES: Mapping[str, Template] = _read()
"""Templates by name in the order of the file, on which the draws of a seed depend."""
