"""Replies held to the admissible actions.

After the token ids that start an action, a reply may only continue with ids of a listed action. These include the end
token, so the reply ends where the action ends. The reason is not restricted, nor are the words of an open action and
what follows them.
"""

from collections.abc import Sequence
from functools import lru_cache

from leap_kedro.environments.actions import is_open
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import Renderer

TrieNode = dict[int, "TrieNode"]
_ANYTHING = -1  # no token's id: what follows is free
HoldState = tuple[int, ...] | TrieNode
"""Before the mark: the last token ids, as many as the mark has at most. After it: the node reached in the trie."""


class ActionHold:
    """An automaton over the token ids of one reply. Its states are values, so a draft can be tried and dropped."""

    def __init__(self, mark: tuple[int, ...], root: TrieNode) -> None:
        """Allow only the actions below `root` once `mark` has been written."""
        self._mark = mark
        self._root = root

    def start(self) -> HoldState:
        """State of an empty reply."""
        return ()

    def advance(self, state: HoldState, token: int) -> HoldState:
        """State after one more token."""
        if isinstance(state, dict):
            return state if _ANYTHING in state else state.get(token, {})
        tail = (*state, token)[-len(self._mark) :]
        return self._root if tail == self._mark else tail

    def allowed(self, state: HoldState) -> Sequence[int] | None:
        """Token ids that may follow; None if all may, or if the action has ended."""
        return tuple(state) if isinstance(state, dict) and state and _ANYTHING not in state else None


class ActionHolds:
    """Builds the hold of a conversation from the actions listed in it, and caches the recent ones."""

    def __init__(self, renderer: Renderer) -> None:
        """Use the renderer's token ids of mark and actions."""
        self._mark = tuple(renderer.action_start())
        self._ids = lru_cache(maxsize=50_000)(renderer.action_ids)
        self._open_ids = lru_cache(maxsize=1_000)(renderer.open_action_ids)
        self._made = lru_cache(maxsize=2_000)(self._make)

    def of(self, conversation: Conversation) -> ActionHold | None:
        """The hold to the actions that a conversation lists; None if it lists none."""
        return self._made(conversation.admissible, conversation.seen) if conversation.admissible else None

    def _make(self, actions: tuple[str, ...], seen: str) -> ActionHold:
        root: TrieNode = {}
        for action in actions:
            node = root
            for token in self._open_ids(action, seen) if is_open(action) else self._ids(action, seen):
                node = node.setdefault(token, {})
            if is_open(action):
                node[_ANYTHING] = {}
        return ActionHold(self._mark, root)
