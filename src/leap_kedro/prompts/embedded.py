"""Prompts of the embedded student: marks instead of a chat template.

Trunk: `<bos>` [`<privileged>` block] opening, then per turn `<act>` action `<end>` observation. Branch: `<reply>`.
Completion: reason `<act>` action `<end>`. Texts are untrusted: marks in them are removed.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from leap_kedro.environments.actions import around
from leap_kedro.prompts.numbering import Numbering
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.records import ParseStatus, Turn

SPECIAL_TOKENS = ("<pad>", "<unk>", "<bos>", "<end>", "<act>", "<reply>", "<privileged>")

NUMBERED, REARRANGED, SLOTS = "numbered_names", "rearranged_lines", "copy_slots"
"""Names of `Vocabulary.numbered`, `rearranged` and `slots` in the tokenizer's configuration."""


class EmbeddedRenderer:
    """Renders for a tokenizer with `SPECIAL_TOKENS`, see `leap_kedro.embedded.tokenizer.build_tokenizer`."""

    trunk_weight = 0.0

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        ids = tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS))
        self._pad, self._unk, self._bos, self._end, self._act, self._reply, self._privileged = ids
        self._marks = frozenset(ids) - {self._unk}
        self.text_ids = lru_cache(maxsize=50_000)(self._encode)
        self._numbering = Numbering(tokenizer.init_kwargs.get(NUMBERED, ()))
        rearranged = tokenizer.init_kwargs.get(REARRANGED, ())
        self._rearranged = [(re.compile(pattern, re.MULTILINE), new) for pattern, new in rearranged]

    def for_episode(self, opening: str) -> "EmbeddedRenderer":
        """The renderer itself: its tokens mean the same in all episodes."""
        return self

    def _encode(self, text: str) -> tuple[int, ...]:
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return tuple(index for index in ids if index not in self._marks)

    def _seen_ids(self, observation: str) -> tuple[int, ...]:
        return self.text_ids(self._arranged(observation))

    def _arranged(self, observation: str) -> str:
        text = self._numbering.shortened(observation, observation)
        for pattern, new in self._rearranged:
            text = pattern.sub(new, text)
        return text

    def _answer_ids(self, text: str, before: str) -> tuple[int, ...]:
        """Token ids of a text that answers the observation `before`."""
        return self.text_ids(self._numbering.shortened(text, before))

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids at the start of a trunk."""
        block = [self._privileged, *self.text_ids(privileged), self._end] if privileged else []
        return [self._bos, *block, *self._seen_ids(observation)]

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk."""
        return [self._act, *self._answer_ids(turn.action, before), self._end, *self._seen_ids(turn.observation)]

    def branch(self) -> list[int]:
        """Token ids that ask for a reply."""
        return [self._reply]

    def question(self, text: str, before: str) -> list[int]:
        """Token ids that ask a question about the trunk (base training).

        It is at the start of a reply, so that a question like "I need a mug." resembles the first clause of a reply.
        """
        return [self._reply, *self._answer_ids(text, before)]

    def answer(self, text: str, before: str) -> list[int]:
        """Token ids of an answer, including its end (base training)."""
        return [*self._answer_ids(text, before), self._end]

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply; the mark after the reason replaces its last full stop."""
        reason_ids = self._answer_ids(reason.rstrip(" ."), before)
        return [*reason_ids, *self.action_start(), *self.action_ids(action, before)]

    def action_start(self) -> list[int]:
        """The mark between reason and action."""
        return [self._act]

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action, including the end."""
        return [*self._answer_ids(action, before), self._end]

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of the part before an open action's words."""
        return list(self._answer_ids(around(action)[0], before))

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply."""
        return (self._end,)

    def thought_end(self) -> tuple[int, ...]:
        """No token ids: the embedded student has no thoughts."""
        return ()

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply.

        The vocabulary has no function words, so the action is the listed one with the same tokens. If there is none, it
        is the text of the tokens, which an environment refuses.
        """
        ids = [index for index in ids if index != self._pad]
        text = self.tokenizer.decode(ids, skip_special_tokens=False)
        if self._act not in ids:
            return ParsedReply(text, "", "", ParseStatus.NO_ACTION if self._end in ids else ParseStatus.TRUNCATED)
        mark = ids.index(self._act)
        reason = self._numbering.restored(self.tokenizer.decode(ids[:mark], skip_special_tokens=True).strip(), before)
        if self._end not in ids[mark:]:
            return ParsedReply(text, reason, "", ParseStatus.TRUNCATED)
        action_ids = tuple(ids[mark + 1 : ids.index(self._end, mark)])
        reason = f"{reason}." if reason and not reason.endswith(".") else reason
        for action in admissible or ():
            if self._answer_ids(action, before) == action_ids:
                return ParsedReply(text, reason, action, ParseStatus.OK)
        action = self.tokenizer.decode(action_ids, skip_special_tokens=True).strip()
        return ParsedReply(text, reason, action, ParseStatus.OK if action else ParseStatus.NO_ACTION)
