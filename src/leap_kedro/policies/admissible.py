"""Restricts replies to the admissible actions.

After the mark that starts an action, only token ids that continue a listed action are allowed. The ids of a listed
action include the end token, so the reply ends with the action. The reason is not restricted, nor are the words of an
open action and what follows them, nor thoughts, in which the mark has no meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from leap_kedro.environments.actions import is_open
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer

TrieNode = dict[int, "TrieNode"]
_ANYTHING = -1  # not the id of a token: what follows is not restricted


@dataclass(frozen=True, slots=True)
class InThoughts:
    """The state in thoughts: the last token ids, at most as many as the mark has that ends the thoughts."""

    tail: tuple[int, ...] = ()


HoldState = InThoughts | tuple[int, ...] | TrieNode
"""Before the mark: the last token ids, at most as many as the mark has. After it: the current node of the trie."""


class ActionHold:
    """An automaton over the token ids of one reply that restricts it to the actions below `root` after `mark`.

    The reply begins with thoughts until `thought_end`, unless that is (). The states are values, so a draft can be
    tried and dropped.
    """

    def __init__(self, mark: tuple[int, ...], root: TrieNode, thought_end: tuple[int, ...] = ()) -> None:
        self._mark = mark
        self._root = root
        self._thought_end = thought_end

    def start(self) -> HoldState:
        """State of an empty reply."""
        return InThoughts() if self._thought_end else ()

    def advance(self, state: HoldState, token: int) -> HoldState:
        """State after one more token."""
        if isinstance(state, dict):
            return state if _ANYTHING in state else state.get(token, {})
        if isinstance(state, InThoughts):
            last = (*state.tail, token)[-len(self._thought_end) :]
            return () if last == self._thought_end else InThoughts(last)
        tail = (*state, token)[-len(self._mark) :]
        return self._root if tail == self._mark else tail

    def allowed(self, state: HoldState) -> Sequence[int] | None:
        """Token ids that may follow; None if all may, or if the action has ended."""
        return tuple(state) if isinstance(state, dict) and state and _ANYTHING not in state else None


class ActionHolds:
    """Creates the `ActionHold` for the actions listed in a conversation, with the renderer's token ids; caches them."""

    def __init__(self, renderer: Renderer) -> None:
        self._mark = tuple(renderer.action_start())
        self._thought_end = renderer.thought_end()
        self._renderer = renderer
        self._ids = lru_cache(maxsize=50_000)(lambda its, action, seen: its.action_ids(action, seen))
        self._open_ids = lru_cache(maxsize=1_000)(lambda its, action, seen: its.open_action_ids(action, seen))
        self._made = lru_cache(maxsize=2_000)(self._make)

    def of(self, conversation: Conversation) -> ActionHold | None:
        """The restriction to the actions that a conversation lists; None if it lists none."""
        if not conversation.admissible:
            return None
        renderer = self._renderer.for_episode(conversation.opening)
        return self._made(renderer, conversation.admissible, conversation.seen)

    def _make(self, renderer: Renderer, actions: tuple[str, ...], seen: str) -> ActionHold:
        root: TrieNode = {}
        for action in actions:
            node = root
            for token in (self._open_ids if is_open(action) else self._ids)(renderer, action, seen):
                node = node.setdefault(token, {})
            if is_open(action):
                node[_ANYTHING] = {}
        return ActionHold(self._mark, root, self._thought_end)
