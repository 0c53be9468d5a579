"""Replies without an answer: empty, cut off, or rejected as too long. They show no decision of the policy.

A success rate over such replies measures the limit of tokens or the server, not the policy.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from leap_kedro.records import Episode, ParseStatus, StopReason

TOO_LONG = StopReason.TOKEN_LIMIT.value
"""Name of replies that could not be asked for, beside the names of `ParseStatus`."""

WORTH_A_WARNING = 0.1
"""Share of unanswered replies from which on a result carries a warning."""
MOST_WITHOUT_ACTION = 0.5
"""Share of replies without an action from which on a result carries a warning."""
NEARLY_ALL = 0.9
"""Share from which on a result says nothing about a model that is only prompted."""

_RAISE = "raise `server.max_tokens` (a model of a server) or `max_reply_tokens` (a policy that is loaded)"
_LESS = "have it think less (`server.extra`, as the server wants it)"
_CAUSES = {
    ParseStatus.TRUNCATED.value: f"cut off at the longest reply allowed, thoughts included: {_RAISE}, or {_LESS}",
    ParseStatus.ONLY_THOUGHTS.value: f"nothing but thoughts: {_RAISE}, or {_LESS}",
    ParseStatus.EMPTY.value: (
        "empty: see that it is a chat model that writes text, and in the server's log what it sends"
    ),
    ParseStatus.REFUSED.value: "declined by the model or withheld by its provider's filter: take another model",
    TOO_LONG: ("refused as too long: lower `server.max_tokens`, or serve or load a model with a longer context"),
}
"""Kind of unanswered reply -> its cause and what to change."""


@dataclass(slots=True)
class AnswerCount:
    """How many replies of a policy could be read.

    Attributes:
        replies: All replies, those that could not be asked for included.
        unanswered: Those without an answer, by kind.
        said: What a server said of the last request that was too long; "" if nothing.
    """

    replies: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)
    said: str = ""

    def count(self, episode: Episode) -> None:
        """Add the replies of an episode; one that ended for an infrastructure reason is left out."""
        if episode.stop.is_infrastructure:
            return
        self.replies += len(episode.steps)
        self.unanswered.update(step.parse_status.value for step in episode.steps if step.parse_status.is_unanswered)
        if episode.stop is StopReason.TOKEN_LIMIT:
            self.replies += 1
            self.unanswered[TOO_LONG] += 1
            self.said = episode.error or self.said

    @property
    def share(self) -> float:
        """Share of the replies that have no answer."""
        return self.unanswered.total() / self.replies if self.replies else 0.0

    def causes(self) -> str:
        """How many replies have no answer, why, and what to change; one sentence."""
        found = "; ".join(f"{count} {_CAUSES[kind]}" for kind, count in self.unanswered.most_common())
        server = f" ({self.said.rstrip('.')})" if self.said else ""
        return f"{self.unanswered.total()} of {self.replies} replies cannot be read: {found}{server}."


def count_answers(episodes: Iterable[Episode]) -> AnswerCount:
    """Count the replies of episodes."""
    answers = AnswerCount()
    for episode in episodes:
        answers.count(episode)
    return answers
