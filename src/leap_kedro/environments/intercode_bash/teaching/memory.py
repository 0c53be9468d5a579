"""What has been said and seen in an episode: what the query may mean, where files are, what was run last."""

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
    """One thing that a query may mean.

    Attributes:
        kind: Name of a template.
        fields: Values of its fields, as the query says them.
        sure: Whether its wording is one that everybody understands.
    """

    kind: str
    fields: Mapping[str, str]
    sure: bool

    @property
    def file(self) -> str:
        """The file that it is about, as the query says it; "" where it is about none."""
        return next((self.fields[name] for name in FILE_FIELDS if name in self.fields), "")


class Memory:
    """Follows an episode by its texts.

    Attributes:
        root: Directory that the query is about; "" where it does not say.
        reading: What the query means by its wording; None where it is no generated one.
        ran: Actions so far with what they showed.
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
        """Take note of an action and of what it showed."""
        self.ran.append((action.strip(), output))
        self._note(output)

    def known_files(self) -> list[str]:
        """Names of all files whose path was shown."""
        return list(self._places)

    def place(self, file: str) -> str | None:
        """Path of a file that the query names; None where no text has shown its path."""
        return file if file.startswith("/") else self._places.get(file)

    def command(self, kind: str, reading: Reading) -> str | None:
        """The command of a template for what the query says; None while the file's place is not known."""
        fields = dict(reading.fields)
        for name in FILE_FIELDS:
            if name in fields:
                place = self.place(fields[name])
                if place is None:
                    return None
                fields[name] = place
        return command_of(TEMPLATES[kind], fields)

    def output_of(self, command: str) -> str | None:
        """What a command showed when it was run last; None where it was not."""
        return next((output for action, output in reversed(self.ran) if action == command), None)

    def _note(self, text: str) -> None:
        said = "\n".join(line for line in text.splitlines() if not _ERROR.search(line))
        for found in _PATH.findall(said):
            path = found.rstrip(".?")
            name = path.rpartition("/")[2]
            if "." in name:
                self._places.setdefault(name, path)


def readings(wording: str) -> Iterator[Reading]:
    """What a wording says, by every template with such a one."""
    for kind, template in TEMPLATES.items():
        for pattern, usual in template.patterns:
            found = pattern.fullmatch(wording)
            if found:
                yield Reading(kind, found.groupdict(), usual)


def alike(kind: str) -> Sequence[str]:
    """Templates with the same fields as one, itself first."""
    fields = TEMPLATES[kind].fields
    return [kind, *(name for name, template in TEMPLATES.items() if template.fields == fields and name != kind)]
