"""The seam between text and tokens: one renderer makes the prompts of rollout and of training alike.

Prompt of a decision = trunk + branch; trunk = opening + one piece a turn, so that the trunk of one decision is a prefix
of the next one's. The completion is the reply with its end token.
"""

from collections.abc import Sequence
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

    def turn(self, turn: Turn) -> list[int]:
        """Token ids that a turn adds to the trunk."""
        ...

    def branch(self) -> list[int]:
        """Token ids that ask for a reply; they follow the trunk and do not stay in it."""
        ...

    def completion(self, reason: str, action: str) -> list[int]:
        """Token ids of a reply, its end token included."""
        ...

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply."""
        ...

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None) -> ParsedReply:
        """Reason and action of a reply (end token included or not); never raises on bad text."""
        ...

    def action_start(self) -> list[int]:
        """Token ids after which the action's ids follow in a completion: where holding to the list begins."""
        ...

    def action_ids(self, action: str) -> list[int]:
        """Token ids of an action as they follow `action_start` in a completion, the end token included."""
        ...


def trunk_ids(renderer: Renderer, conversation: Conversation) -> list[int]:
    """Token ids of the trunk: what stays in the cache from decision to decision."""
    ids = renderer.opening(conversation.opening, conversation.privileged)
    for turn in conversation.turns:
        ids += renderer.turn(turn)
    return ids
