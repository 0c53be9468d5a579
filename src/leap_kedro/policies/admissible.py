"""Replies held to the admissible actions.

Once the mark that starts an action stands in a reply, only token ids that continue a listed action are allowed; a
listed action's ids include the end token, so the reply ends exactly where an action does. The reason stays free.
"""

from collections.abc import Sequence
from functools import lru_cache

from leap_kedro.prompts.renderer import Renderer

TrieNode = dict[int, "TrieNode"]
HoldState = tuple[int, ...] | TrieNode
"""Before the mark: the last token ids, as many as the mark has at most. After it: the node reached in the trie."""


class ActionHold:
    """An automaton over the token ids of one reply; its states are values, so a draft can be tried and dropped."""

    def __init__(self, mark: tuple[int, ...], root: TrieNode) -> None:
        """Hold to the actions below `root` once `mark` has been written."""
        self._mark = mark
        self._root = root

    def start(self) -> HoldState:
        """State of an empty reply."""
        return ()

    def advance(self, state: HoldState, token: int) -> HoldState:
        """State after one more token."""
        if isinstance(state, dict):
            return state.get(token, {})
        tail = (*state, token)[-len(self._mark) :]
        return self._root if tail == self._mark else tail

    def allowed(self, state: HoldState) -> Sequence[int] | None:
        """Token ids that may follow; None where every one may, or where the action has ended."""
        return tuple(state) if isinstance(state, dict) and state else None


class ActionHolds:
    """Makes the hold of a conversation from the actions listed in it; keeps the recent ones."""

    def __init__(self, renderer: Renderer) -> None:
        """Use the renderer's token ids of mark and actions."""
        self._mark = tuple(renderer.action_start())
        self._ids = lru_cache(maxsize=50_000)(renderer.action_ids)
        self.hold = lru_cache(maxsize=2_000)(self._hold)

    def _hold(self, actions: tuple[str, ...]) -> ActionHold:
        """The hold to `actions`, at least one."""
        root: TrieNode = {}
        for action in actions:
            node = root
            for token in self._ids(action):
                node = node.setdefault(token, {})
        return ActionHold(self._mark, root)
