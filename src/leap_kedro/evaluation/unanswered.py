"""Counts replies without an answer: empty, cut off or refused as too long.

A success rate over such replies measures the limit of tokens or the server, not the policy.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from leap_kedro.records import Episode, ParseStatus, StopReason

TOO_LONG = StopReason.TOKEN_LIMIT.value
"""Name of replies that could not be requested, besides the names of `ParseStatus`."""

WORTH_A_WARNING = 0.1
"""Share of unanswered replies above which a result has a warning."""
MOST_WITHOUT_ACTION = 0.5
"""Share of replies without an action above which a result has a warning."""
NEARLY_ALL = 0.9
"""Share of unanswered replies above which a prompted model has no result."""

_RAISE = "raise `server.max_tokens` (a model of a server) or `max_reply_tokens` (a policy that is loaded)"
_LESS = "have it think less (`server.extra`, as the server wants it)"
_CAUSES = {
    ParseStatus.TRUNCATED.value: f"cut off at the longest reply allowed, thoughts included: {_RAISE}, or {_LESS}",
    ParseStatus.ONLY_THOUGHTS.value: (
        "nothing but thoughts: raise `server.max_tokens` (a model of a server) or `max_thought_tokens` (a student that "
        f"thinks), or {_LESS}"
    ),
    ParseStatus.EMPTY.value: (
        "empty: see that it is a chat model that writes text, and in the server's log what it sends"
    ),
    ParseStatus.REFUSED.value: "declined by the model or withheld by its provider's filter: take another model",
    TOO_LONG: ("refused as too long: lower `server.max_tokens`, or serve or load a model with a longer context"),
}
"""Kind of unanswered reply -> its cause and what to change."""


@dataclass(slots=True)
class AnswerCount:
    """Numbers of replies of a policy.

    Attributes:
        replies: Number of replies, including those that could not be requested.
        unanswered: Number of replies without an answer, by kind.
        said: A server's message on the last request that was too long; otherwise "".
    """

    replies: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)
    said: str = ""

    def count(self, episode: Episode) -> None:
        """Add the replies of an episode, unless it ended for an infrastructure reason."""
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
        """One sentence: the number of replies without an answer, the causes, and what to change."""
        found = "; ".join(f"{count} {_CAUSES[kind]}" for kind, count in self.unanswered.most_common())
        server = f" ({self.said.rstrip('.')})" if self.said else ""
        return f"{self.unanswered.total()} of {self.replies} replies cannot be read: {found}{server}."


def count_answers(episodes: Iterable[Episode]) -> AnswerCount:
    """Count the replies of episodes."""
    answers = AnswerCount()
    for episode in episodes:
        answers.count(episode)
    return answers
