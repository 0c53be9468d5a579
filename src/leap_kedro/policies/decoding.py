"""Input and output of decoding, shared by the slot engine and the plain `generate` fallback."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer, answered


@dataclass(frozen=True, slots=True)
class Decoding:
    """How replies are decoded.

    Attributes:
        max_new_tokens: Maximum number of tokens of a reply.
        temperature: 0 takes the most probable token; higher values sample.
        hold_to_admissible: Whether actions are restricted to those that a conversation lists, if any.
        logprobs: Whether log-probabilities are computed.
    """

    max_new_tokens: int
    temperature: float = 0.0
    hold_to_admissible: bool = False
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """A decoded reply.

    Attributes:
        ids: Token ids of the reply, including its end token if there is one.
        prompt_tokens: Tokens of trunk and branch.
        logprob: Sum of the unrestricted log-probabilities at temperature 1; None if not requested.
    """

    ids: tuple[int, ...]
    prompt_tokens: int
    logprob: float | None


class Generator(Protocol):
    """Decodes one reply per conversation."""

    @property
    def context(self) -> int:
        """Maximum number of tokens of prompt and reply together."""

    def prompt_tokens(self, conversation: Conversation) -> int:
        """Tokens of a conversation's prompt."""

    def generate(self, conversations: Sequence[Conversation]) -> list[Generated]:
        """Replies in order; every conversation must fit into the context together with a reply."""


class Prompts:
    """Token ids of prompts; each opening and turn is tokenized once."""

    def __init__(self, renderer: Renderer) -> None:
        self._opening = lru_cache(maxsize=5_000)(lambda text, privileged: tuple(renderer.opening(text, privileged)))
        self._turn = lru_cache(maxsize=50_000)(lambda turn, before: tuple(renderer.turn(turn, before)))
        self.branch = tuple(renderer.branch())

    def trunk(self, conversation: Conversation) -> list[int]:
        """The same as `prompts.renderer.trunk_ids`."""
        ids = list(self._opening(conversation.opening, conversation.privileged))
        for turn, before in answered(conversation.opening, conversation.turns):
            ids += self._turn(turn, before)
        return ids

    def length(self, conversation: Conversation) -> int:
        """Tokens of trunk and branch."""
        return len(self.trunk(conversation)) + len(self.branch)
