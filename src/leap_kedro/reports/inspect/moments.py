"""Names, times and spans of the events of a sample."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.model import ModelUsage

_SLASH = "\u2215"  # the viewer reads "/" in the name of a span as a path
_LONGEST = 120  # characters of a span's name


class Moments:
    """Gives each event of a sample a name, a place in the tree and a time.

    Episodes are stored without times, so that all events have the same.
    """

    def __init__(self, sample: str, when: datetime) -> None:
        """Begin a sample.

        Args:
            sample: Id of the sample, unique within the log.
            when: Time of all events.
        """
        self._sample, self._when = sample, when
        self._numbers = count(1)
        self._open: list[str] = []

    def name(self) -> str:
        """A name that no other event or message of the log has."""
        return f"{self._sample}:{next(self._numbers)}"

    def next(self) -> dict[str, Any]:
        """Fields of the next event: its name, its span and its time."""
        inside = self._open[-1] if self._open else None
        return {"uuid": self.name(), "span_id": inside, "timestamp": self._when, "working_start": 0.0}

    def span(self, title: str, events: Iterator["Event"]) -> Iterator["Event"]:
        """The events in a span of their own.

        Args:
            title: Name of the span in the viewer's tree.
            events: A generator, whose events are made while the span is open.
        """
        from inspect_ai.event import SpanBeginEvent, SpanEndEvent

        parent = self._open[-1] if self._open else None
        here = self.name()
        self._open.append(here)
        yield SpanBeginEvent(id=here, name=_one_line(title), parent_id=parent, **self.next())
        yield from events
        yield SpanEndEvent(id=here, **self.next())
        self._open.pop()


def usage(prompt_tokens: int, reply_tokens: int) -> "ModelUsage":
    """Tokens of a call or an episode. Inspect does not add them up itself."""
    from inspect_ai.model import ModelUsage

    total = prompt_tokens + reply_tokens
    return ModelUsage(input_tokens=prompt_tokens, output_tokens=reply_tokens, total_tokens=total)


def _one_line(title: str) -> str:
    """A name for the viewer's tree: without line ends and characters that change how the rest of a line is shown."""
    line = " ".join("".join(each if each.isprintable() else " " for each in title).split()).replace("/", _SLASH)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}\u2026"
