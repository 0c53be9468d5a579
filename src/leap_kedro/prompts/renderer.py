"""The seam between text and tokens: one renderer makes the prompts of rollout and of training alike.

Prompt of a decision = trunk + branch; trunk = opening + one piece a turn, so that the trunk of one decision is a prefix
of the next one's. The completion is the reply with its end token.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import ParseStatus, Turn


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A reply taken apart."""

    text: str
    reason: str
    action: str
    status: ParseStatus


class Renderer(Protocol):
    """Conversations to token ids, replies from token ids."""

    @property
    def tokenizer(self) -> Any:
        """The Hugging Face tokenizer behind it."""
        ...

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids that a trunk starts with."""
        ...

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; `before` is the observation that its action answered."""
        ...

    def branch(self) -> list[int]:
        """Token ids that ask for a reply; they follow the trunk and do not stay in it."""
        ...

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply to the observation `before`, its end token included."""
        ...

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply."""
        ...

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply to `before` (end token included or not); never raises on bad text."""
        ...

    def action_start(self) -> list[int]:
        """Token ids after which the action's ids follow in a completion: where holding to the list begins."""
        ...

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action as they follow `action_start` in a reply to `before`, the end token included."""
        ...

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids with which every wording of a listed open action begins; any may follow."""
        ...


def trunk_ids(renderer: Renderer, conversation: Conversation) -> list[int]:
    """Token ids of the trunk: what stays in the cache from decision to decision."""
    return trunk_and_ends(renderer, conversation.opening, conversation.turns, conversation.privileged)[0]


def trunk_and_ends(
    renderer: Renderer, opening: str, turns: Sequence[Turn], privileged: str = ""
) -> tuple[list[int], list[int]]:
    """Token ids of a whole trunk, and how many of them belong to the trunk of each decision, the first one's first."""
    ids = renderer.opening(opening, privileged)
    ends = [len(ids)]
    for turn, before in answered(opening, turns):
        ids += renderer.turn(turn, before)
        ends.append(len(ids))
    return ids, ends


def answered(opening: str, turns: Sequence[Turn]) -> Iterator[tuple[Turn, str]]:
    """Each turn with the observation that its action answered."""
    return zip(turns, observations(opening, turns), strict=False)


def observations(opening: str, turns: Sequence[Turn]) -> list[str]:
    """What was in front at each decision: one more than there are turns."""
    return [opening, *(turn.observation for turn in turns)]
