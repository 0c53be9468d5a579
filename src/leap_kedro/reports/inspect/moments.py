"""Names, times and spans of the events of a sample."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.event import Event
    from inspect_ai.model import ModelUsage

_SLASH = "\u2215"  # the viewer reads "/" in the name of a span as a path


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

    @contextmanager
    def span(self, title: str) -> Iterator[tuple[Callable[[], "Event"], Callable[[], "Event"]]]:
        """A span for the events in the block: what makes its first and its last event."""
        from inspect_ai.event import SpanBeginEvent, SpanEndEvent

        parent = self._open[-1] if self._open else None
        here = self.name()
        self._open.append(here)

        def begin() -> "Event":
            name = title.replace("/", _SLASH)
            return SpanBeginEvent(id=here, name=name, parent_id=parent, **self.next())

        def end() -> "Event":
            return SpanEndEvent(id=here, **self.next())

        try:
            yield begin, end
        finally:
            self._open.pop()

    @staticmethod
    def usage(prompt_tokens: int, reply_tokens: int) -> "ModelUsage":
        """Tokens of a call. Inspect does not add them up itself."""
        from inspect_ai.model import ModelUsage

        return ModelUsage(
            input_tokens=prompt_tokens, output_tokens=reply_tokens, total_tokens=prompt_tokens + reply_tokens
        )
