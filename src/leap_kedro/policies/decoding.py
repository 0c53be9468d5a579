"""How replies are decoded: shared by the slot engine and the plain `generate` fallback."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from leap_kedro.policies.admissible import ActionHold, ActionHolds
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer, answer_start, answered


@dataclass(frozen=True, slots=True)
class Decoding:
    """How replies are decoded.

    Attributes:
        max_new_tokens: Maximum number of tokens of a reply, including its thoughts.
        max_thought_tokens: Maximum number of them for thoughts; the others are for the answer. A reply whose thoughts
            do not end within it ends there.
        temperature: 0 is greedy; higher values sample.
        hold_to_admissible: Whether only listed actions are allowed, where a conversation lists any.
        logprobs: Whether log-probabilities are wanted.
    """

    max_new_tokens: int
    temperature: float = 0.0
    hold_to_admissible: bool = False
    logprobs: bool = False
    max_thought_tokens: int = 0

    def longest(self, reply: Sequence[int], thought_end: Sequence[int]) -> int:
        """Maximum number of tokens of a reply that begins like this.

        Args:
            reply: Its token ids so far.
            thought_end: Token ids that end the thoughts; () if there are no thoughts.
        """
        if not thought_end:
            return self.max_new_tokens
        start = answer_start(reply, thought_end)
        return start + self.max_new_tokens - self.max_thought_tokens if start else self.max_thought_tokens


@dataclass(frozen=True, slots=True)
class Generated:
    """A decoded reply.

    Attributes:
        ids: Token ids of the reply, including its end token if it has one.
        prompt_tokens: Tokens of trunk and branch.
        logprob: Sum of the log-probabilities at temperature 1 with all tokens allowed; None if not wanted.
    """

    ids: tuple[int, ...]
    prompt_tokens: int
    logprob: float | None


class Prompts:
    """Token ids of prompts. Each opening and each turn is tokenized once."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._opening = lru_cache(maxsize=5_000)(lambda text, privileged: tuple(renderer.opening(text, privileged)))
        self._turn = lru_cache(maxsize=50_000)(lambda its, turn, before: tuple(its.turn(turn, before)))
        self.branch = tuple(renderer.branch())

    def trunk(self, conversation: Conversation) -> list[int]:
        """The same as `prompts.renderer.trunk_ids`."""
        ids = list(self._opening(conversation.opening, conversation.privileged))
        renderer = self._renderer.for_episode(conversation.opening)
        for turn, before in answered(conversation.opening, conversation.turns):
            ids += self._turn(renderer, turn, before)
        return ids

    def length(self, conversation: Conversation) -> int:
        """Tokens of trunk and branch."""
        return len(self.trunk(conversation)) + len(self.branch)


class Generator(ABC):
    """Decodes one reply per conversation, in groups of at most `group_size` conversations."""

    def __init__(self, renderer: Renderer, decoding: Decoding, group_size: int) -> None:
        self._prompts = Prompts(renderer)
        self._holds = ActionHolds(renderer)
        self._ends = renderer.end_ids()
        self._thought_end = renderer.thought_end()
        self._decoding = decoding
        self._group_size = group_size

    @property
    @abstractmethod
    def context(self) -> int:
        """Maximum number of tokens of prompt and reply together."""

    def prompt_tokens(self, conversation: Conversation) -> int:
        """Number of tokens of a conversation's prompt."""
        return self._prompts.length(conversation)

    def generate(self, conversations: Sequence[Conversation]) -> list[Generated]:
        """Replies in order; each conversation must fit into the context together with a reply."""
        starts = range(0, len(conversations), self._group_size)
        groups = (conversations[start : start + self._group_size] for start in starts)
        return [generated for group in groups for generated in self._group(group)]

    @abstractmethod
    def _group(self, conversations: Sequence[Conversation]) -> list[Generated]: ...

    def _hold(self, conversation: Conversation) -> ActionHold | None:
        return self._holds.of(conversation) if self._decoding.hold_to_admissible else None
