"""Conversion between text and tokens: the same renderer creates the prompts of rollout and training.

The prompt of a decision is trunk + branch. The trunk is the opening and one piece per turn, so the trunk of a decision
is a prefix of the next one. The completion is the reply with its end token.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import ParseStatus, Turn


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A parsed reply."""

    text: str
    reason: str
    action: str
    status: ParseStatus


class Renderer(Protocol):
    """Converts conversations to token ids and token ids to replies, with a Hugging Face tokenizer.

    Attributes:
        tokenizer: The tokenizer.
        trunk_weight: Weight of the next-token loss on trunks in a supervised fine-tuning, beside replies of weight 1;
            0 for students that can read.
    """

    tokenizer: Any
    trunk_weight: float

    def __hash__(self) -> int:
        """By identity; texts are cached by renderer."""

    def for_episode(self, opening: str) -> "Renderer":
        """The renderer of an episode that begins with `opening`; most are the same for all episodes."""

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids at the start of a trunk."""

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; `before` is the observation that its action answered."""

    def branch(self) -> list[int]:
        """Token ids that ask for a reply; they follow the trunk and do not stay in it."""

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply to the observation `before`, including its end token.

        Raises:
            UnusableChatTemplate: If the tokenizer would change it.
        """

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply."""

    def thought_end(self) -> tuple[int, ...]:
        """Token ids of the mark between the thoughts and the answer of a reply; () if there are no thoughts."""

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply to `before` (with or without end token); never raises on bad text."""

    def action_start(self) -> list[int]:
        """Token ids before the action in a completion, after which replies can be restricted to listed actions."""

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action after `action_start` in a reply to `before`, including the end token; [] for none."""

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids at the start of every wording of a listed open action; any may follow."""


def trunk_ids(renderer: Renderer, conversation: Conversation) -> list[int]:
    """Token ids of the trunk, which stay in the cache from decision to decision."""
    return trunk_and_ends(renderer, conversation.opening, conversation.turns, conversation.privileged)[0]


def trunk_and_ends(
    renderer: Renderer, opening: str, turns: Sequence[Turn], privileged: str = ""
) -> tuple[list[int], list[int]]:
    """Token ids of a whole trunk, and the length of the trunk of each decision, in order."""
    renderer = renderer.for_episode(opening)
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
    """The latest observation at each decision: one more than there are turns."""
    return [opening, *(turn.observation for turn in turns)]


def answer_start(ids: Sequence[int], thought_end: Sequence[int]) -> int:
    """Index at which the answer begins in the token ids of a reply; 0 if it has no (finished) thoughts."""
    size, end = len(thought_end), tuple(thought_end)
    ends = (index + size for index in range(len(ids) - size + 1) if tuple(ids[index : index + size]) == end)
    return next(ends, 0) if size else 0
