"""Whether a policy answered at all: replies that are empty, cut off or refused as too long show no decision of it.

A success rate over such replies measures the limit of tokens or the server, not the policy.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leap_kedro.records import Episode, ParseStatus, StopReason

TOO_LONG = StopReason.TOKEN_LIMIT.value
"""Name of replies that could not be asked for, beside the names of `ParseStatus`."""

WORTH_A_WARNING = 0.1
"""Share of unanswered replies from which on a result carries a warning."""
NEARLY_ALL = 0.9
"""Share from which on a result says nothing about a model that is only prompted."""

_RAISE = "raise `evaluation.server.max_tokens` (a model of a server) or `max_reply_tokens` (a policy that is loaded)"
_LESS = "have it think less (`evaluation.server.extra`, as the server wants it)"
_CAUSES = {
    ParseStatus.TRUNCATED.value: f"cut off at the longest reply allowed, thoughts included: {_RAISE}, or {_LESS}",
    ParseStatus.ONLY_THOUGHTS.value: f"nothing but thoughts: {_RAISE}, or {_LESS}",
    ParseStatus.EMPTY.value: "empty: see in the server's log what it sends, or name another `evaluation.policy`",
    TOO_LONG: (
        "refused as too long: lower `evaluation.server.max_tokens`, or serve or load a model with a longer context"
    ),
}
"""Kind of unanswered reply -> its cause and what to change."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How many replies of a policy could be read.

    Attributes:
        replies: All replies, those that could not be asked for included.
        unanswered: Those without an answer, by kind.
        said: What a server said of the last request that was too long; "" if nothing.
    """

    replies: int
    unanswered: Mapping[str, int] = field(default_factory=dict)
    said: str = ""

    @property
    def share(self) -> float:
        """Share of the replies that have no answer."""
        return sum(self.unanswered.values()) / self.replies if self.replies else 0.0

    def causes(self) -> str:
        """How many replies have no answer, why, and what to change; one sentence."""
        kinds = sorted(self.unanswered, key=lambda kind: -self.unanswered[kind])
        found = "; ".join(f"{self.unanswered[kind]} {_CAUSES[kind]}" for kind in kinds)
        server = f" ({self.said.rstrip('.')})" if self.said else ""
        return f"{sum(self.unanswered.values())} of {self.replies} replies cannot be read: {found}{server}."


def count_answers(episodes: Iterable[Episode]) -> Answers:
    """Count the replies of episodes; those that ended for an infrastructure reason are left out."""
    counts: Counter[str] = Counter()
    replies, said = 0, ""
    for episode in episodes:
        if episode.stop.is_infrastructure:
            continue
        replies += len(episode.steps)
        counts.update(step.parse_status.value for step in episode.steps if step.parse_status.is_unanswered)
        if episode.stop is StopReason.TOKEN_LIMIT:
            replies += 1
            counts[TOO_LONG] += 1
            said = episode.error or said
    return Answers(replies, dict(counts), said)
