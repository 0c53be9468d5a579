"""What an episode has shown: the meaning of the query, the places of files and the last commands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from leap_kedro.environments.intercode_bash.tasks.generator import command_of
from leap_kedro.environments.intercode_bash.tasks.templates import FILE_FIELDS, TEMPLATES

_QUERY = re.compile(r"Below (?P<root>/\S+): (?P<wording>.+)", re.DOTALL)
_ERROR = re.compile(r"No such file|cannot |not found|Permission denied|Is a directory|Not a directory|same file")
_PATH = re.compile(r"/[^\s:,'\"]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A possible meaning of a query.

    Attributes:
        kind: Name of a template.
        fields: Values of its fields as in the query.
        sure: Whether its wording is a usual one.
    """

    kind: str
    fields: Mapping[str, str]
    sure: bool

    @property
    def file(self) -> str:
        """The file in the query, as it is named there; "" if there is none."""
        return next((self.fields[name] for name in FILE_FIELDS if name in self.fields), "")


class Memory:
    """What is known from the texts of an episode.

    Attributes:
        root: Top directory in the query; "" if the query does not name one.
        reading: Meaning of the query by its wording; None if it matches no template.
        ran: Actions so far with their outputs.
    """

    def __init__(self, opening: str) -> None:
        """Read the query."""
        found = _QUERY.fullmatch(opening.strip())
        self.root = found["root"] if found else ""
        self.reading = next(readings(found["wording"]), None) if found else None
        self.ran: list[tuple[str, str]] = []
        self._places: dict[str, str] = {}
        self._note(opening)

    def observe(self, action: str, output: str) -> None:
        """Record an action and its output."""
        self.ran.append((action.strip(), output))
        self._note(output)

    def known_files(self) -> list[str]:
        """Names of the files whose path was shown."""
        return list(self._places)

    def place(self, file: str) -> str | None:
        """Path of a file that the query names; None if no text has shown it."""
        return file if file.startswith("/") else self._places.get(file)

    def command(self, kind: str, reading: Reading) -> str | None:
        """The command of a template for a reading; None while the path of a file is unknown."""
        fields = dict(reading.fields)
        for name in FILE_FIELDS:
            if name in fields:
                place = self.place(fields[name])
                if place is None:
                    return None
                fields[name] = place
        return command_of(TEMPLATES[kind], fields)

    def output_of(self, command: str) -> str | None:
        """The last output of a command; None if it was not run."""
        return next((output for action, output in reversed(self.ran) if action == command), None)

    def _note(self, text: str) -> None:
        said = "\n".join(line for line in text.splitlines() if not _ERROR.search(line))
        for found in _PATH.findall(said):
            path = found.rstrip(".?")
            name = path.rpartition("/")[2]
            if "." in name:
                self._places.setdefault(name, path)


def readings(wording: str) -> Iterator[Reading]:
    """The readings of a wording by all templates that it matches."""
    for kind, template in TEMPLATES.items():
        for pattern, usual in template.patterns:
            found = pattern.fullmatch(wording)
            if found:
                yield Reading(kind, found.groupdict(), usual)


def alike(kind: str) -> Sequence[str]:
    """Names of the templates with the same fields as `kind`, beginning with `kind`."""
    fields = TEMPLATES[kind].fields
    return [kind, *(name for name, template in TEMPLATES.items() if template.fields == fields and name != kind)]
