"""Prompts of an embedded student with copy slots: words of the task are shown as slots (`environments.slots`).

Slots differ from episode to episode, so each episode has its own renderer. In the log of an episode, reasons and
actions are in words; only the student's input and output contain slots.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any

from leap_kedro.environments.actions import around
from leap_kedro.environments.automatic import INTENTION
from leap_kedro.environments.registry import environment_slots
from leap_kedro.environments.slots import UNKNOWN, Slots, View, phrase_pattern, stem
from leap_kedro.prompts.embedded import SLOTS, SPECIAL_TOKENS, EmbeddedRenderer
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.records import ParseStatus, Turn

_EPISODES_KEPT = 5_000
_IN_BRACKETS = re.compile(r"<\w+>")


class SlotRenderer(EmbeddedRenderer):
    """Renders for a tokenizer of a vocabulary with slots.

    Before `for_episode`, and in an episode whose opening has no task, no word has a slot.
    """

    trunk_weight = 0.07  # it starts from random weights, and repeated slots of a trunk teach it to copy

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer)
        config = tokenizer.init_kwargs[SLOTS]
        phrases = [token for token in tokenizer.get_vocab() if token not in SPECIAL_TOKENS]
        self._task = re.compile(config["task"])
        self._count = int(config["count"])
        varying = frozenset(map(stem, config.get("varying", ())))
        self._ignored = frozenset(config["ignored"]) | ({stem(token) for token in phrases if token.isalnum()} - varying)
        self._kept = phrase_pattern(token for token in phrases if not _IN_BRACKETS.fullmatch(token))
        self._unknown = UNKNOWN if UNKNOWN in phrases else ""
        self._view: View | None = environment_slots(config["view"])[1] if config["view"] else None
        self._slots = Slots("", self._count, self._ignored)
        self._of_episode = lru_cache(maxsize=_EPISODES_KEPT)(self._for)
        self._short = lru_cache(maxsize=_EPISODES_KEPT)(self._short_actions)

    def for_episode(self, opening: str) -> "SlotRenderer":
        """The renderer of an episode."""
        return self._of_episode(opening)

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids at the start of a trunk."""
        its = self.for_episode(observation)
        block = [self._privileged, *its._answer_ids(privileged, ""), self._end] if privileged else []
        if self._view is None:
            return [self._bos, *block, *its._seen_ids(observation)]
        return [self._bos, *block, *self.text_ids(self._view.opening(observation, its._slots))]

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk."""
        if self._view is None:
            seen = self._seen_ids(turn.observation)
        else:
            seen = self.text_ids(self._view.turn(turn.action, turn.observation, before, self._slots))
        return [self._act, *self._stated(turn.action, before), self._end, *seen]

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply; a reason that only repeats the action has none.

        Otherwise the same words would have two ends, and a small student often ends its reply after the reason.
        """
        return super().completion("" if reason == INTENTION.format(action=action) else reason, action, before)

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action, including the end; [] if the student has no tokens for it."""
        stated = self._stated(action, before)
        return [*stated, self._end] if stated else []

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of the part before an open action's words."""
        return list(self._answer_ids(around(action)[0], before))

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply, in words."""
        listed = [action for action in admissible or () if self._stated(action, before)]
        said = super().parse(ids, None, before)
        if said.status is not ParseStatus.OK:
            return said
        reason = " ".join(self._slots.restored(said.reason).split())
        stated = self.text_ids(said.action)
        known = (*listed, *self._short(self, before))
        action = next((each for each in known if self._stated(each, before) == stated), None) or self._in_words(stated)
        if self._view is None and not reason:
            reason = INTENTION.format(action=action)
        return ParsedReply(said.text, reason, action, ParseStatus.OK)

    def _answer_ids(self, text: str, before: str) -> tuple[int, ...]:
        return self._worded(self._numbering.shortened(text, before))

    def _worded(self, text: str) -> tuple[int, ...]:
        return self.text_ids(self._slots.shown(text, self._kept, self._unknown))

    def _seen_ids(self, observation: str) -> tuple[int, ...]:
        return self._worded(self._arranged(observation))

    def _stated(self, action: str, before: str) -> tuple[int, ...]:
        """Token ids of an action; () if another action would be read from them."""
        short = self._short(self, before).get(action)
        if short is not None:
            return self.text_ids(short)
        ids = self._answer_ids(action, before)
        return ids if self._view is None or self._in_words(ids) == action else ()

    def _in_words(self, ids: Sequence[int]) -> str:
        text = self.tokenizer.decode(ids, skip_special_tokens=True).strip()
        return " ".join(self._slots.restored(text).split())

    def _for(self, opening: str) -> "SlotRenderer":
        task = self._task.search(opening)
        its = copy(self)
        its._slots = Slots(task[1] if task else "", self._count, self._ignored)
        return its

    @staticmethod
    def _short_actions(its: "SlotRenderer", observation: str) -> Mapping[str, str]:
        return its._view.actions(observation, its._slots) if its._view else {}
