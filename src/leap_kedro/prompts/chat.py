"""Prompts of chat models, from the tokenizer's chat template.

The messages are those of `messages.py`, and `frames.py` determines what the template writes around them. A reply is
``REASON: ...``, ``ACTION: ...``; the history keeps its action. Thoughts are turned off by the template's own switch
unless they are wanted. They are no part of the history, of reason and action, or of what is trained.

Texts are untrusted: special tokens in them are broken up, so they cannot end a message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from leap_kedro.environments.actions import around, is_open
from leap_kedro.prompts.escaping import Escaping, markers
from leap_kedro.prompts.frames import read_frames
from leap_kedro.prompts.messages import first_message, past_reply, rules_text
from leap_kedro.prompts.plain import parse_reply, stated
from leap_kedro.prompts.renderer import ParsedReply, answer_start
from leap_kedro.prompts.templates import UnusableChatTemplate, name_of
from leap_kedro.records import ParseStatus, Turn

_LEAD = "REASON: stand-in\nACTION:"

_PRINTABLE = "".join(map(chr, range(33, 127)))
_PROBES = (
    "sed -i 's/x  y/z/' f",
    "find . -name 'README*'",
    f"x {_PRINTABLE} {' '.join(_PRINTABLE)} x",
    "x" + "x".join(" " * count + "x" + "\t" * count for count in (*range(1, 17), 24, 32, 64)),
    "I 'm , do n't . CAN not !  a \t b",
)
"""Commands that a tokenizer must reproduce exactly."""


class ChatRenderer:
    """Renders with the chat template of `tokenizer`.

    Args:
        tokenizer: A Hugging Face tokenizer with a chat template.
        instructions: Additional rules, for example the forms of an environment's actions.
        examples: Finished episodes for few-shot prompts.
        thinking: Whether replies begin with thoughts.

    Raises:
        UnusableChatTemplate: If the template is missing or unsuitable, or the tokenizer changes commands.
    """

    trunk_weight = 0.0

    def __init__(self, tokenizer: Any, instructions: str = "", examples: str = "", *, thinking: bool = False) -> None:
        self.tokenizer = tokenizer
        self._name = name_of(tokenizer)
        self._frames = read_frames(tokenizer, thinking=thinking)
        self._ends = self._end_tokens()
        self._thought_end = tuple(self._ids(self._frames.thought_end))
        self._escaping = self._escaped_marks()
        self.rules = rules_text(instructions, self._clean(examples))
        self._before_opening = f"{self._frames.before_rules}{self.rules}{self._frames.after_rules}"
        reason, self._lead = self._ids("REASON: stand-in\n"), self._ids(_LEAD)
        joined = self._lead[: len(reason)] == reason
        self._mark = self._lead[len(reason) :] if joined else self._ids("ACTION:")
        self._said = lru_cache(maxsize=50_000)(self._as_said)
        for probe in _PROBES:
            self.completion("I try.", probe, "")

    @property
    def has_system(self) -> bool:
        """Whether the rules are a system message; if not, they begin the first message of the user."""
        return self._frames.has_system

    def for_episode(self, opening: str) -> "ChatRenderer":
        """The renderer itself."""
        return self

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids at the start of a trunk: the rules and the first observation."""
        text = self._seen(first_message(observation, privileged))
        return self._ids(f"{self._before_opening}{text}{self._frames.after_user}")

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; they do not depend on `before`."""
        frames = self._frames
        reply, observation = self._clean(past_reply(turn.action)), self._seen(turn.observation)
        return self._ids(f"{frames.before_action}{reply}{frames.after_action}{observation}{frames.after_user}")

    def branch(self) -> list[int]:
        """Token ids that ask for a reply: the template's generation prompt."""
        return self._ids(self._frames.generation)

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply without thoughts, including its end token.

        Raises:
            UnusableChatTemplate: If they would express another action: the tokenizer changes it, or it has several
                lines.
        """
        stated_reason = self._ids(f"{self._frames.lead_in}REASON: {self._clean(reason.strip())}\n")
        ids = [*stated_reason, *self._mark, *self.action_ids(action, before)]
        read = self._answer(ids, None).action
        if read != action.strip():
            raise UnusableChatTemplate(
                f"The tokenizer of {self._name} cannot express the action {action!r:.80} in a reply: it would be read "
                f"as {read!r:.80}. Actions must have one line; if this one has, use a base whose tokenizer preserves "
                "all texts (`bootstrap.base`)."
            )
        return ids

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply: the template's end of an assistant message, and the tokenizer's end token."""
        return self._ends

    def thought_end(self) -> tuple[int, ...]:
        """Token ids of the mark between thoughts and answer; () if there are no thoughts."""
        return self._thought_end

    def action_start(self) -> list[int]:
        """Token ids of ``ACTION:``."""
        return list(self._mark)

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action after ``ACTION:``, including the end token."""
        return [*self._after_mark(self._clean(stated(action))), self._ends[0]]

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of the part before the words, except the last one, which a tokenizer may join with a word."""
        return self._after_mark(self._clean(around(action)[0]))[:-1]

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply; see `parse_reply`."""
        start = answer_start(ids, self._thought_end)
        answer, thoughts = self._answer(ids[start:], admissible), self._text(ids[:start])
        if self._frames.in_thoughts if start == 0 else not answer.text.strip():
            return ParsedReply(f"{thoughts}{answer.text}", "", "", ParseStatus.ONLY_THOUGHTS)
        return replace(answer, text=f"{thoughts}{answer.text}")

    def _answer(self, ids: Sequence[int], admissible: Sequence[str] | None) -> ParsedReply:
        """Reason and action of a reply after its thoughts."""
        finished = any(index in self._ends for index in ids)
        text = self._text(index for index in ids if index not in self._ends)
        listed = {self._said(action): action for action in reversed(admissible or ())}
        parsed = parse_reply(text, None if admissible is None else list(listed), finished)
        action = listed.get(parsed.action) or self._escaping.restored(parsed.action)
        return replace(parsed, reason=self._escaping.restored(parsed.reason), action=action)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _after_mark(self, text: str) -> list[int]:
        """Token ids of a text after ``ACTION:`` and a space, tokenized in context if the tokens allow it."""
        whole = self._ids(f"{_LEAD} {text}")
        return whole[len(self._lead) :] if whole[: len(self._lead)] == self._lead else self._ids(f" {text}")

    def _text(self, ids: Iterable[int]) -> str:
        # By default, some tokenizers would change "a ." to "a.".
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _as_said(self, action: str) -> str:
        """A listed action as it appears in a reply."""
        return self._clean(action) if is_open(action) else self._text(self.action_ids(action, "")[:-1]).strip()

    def _clean(self, text: str) -> str:
        return self._escaping.broken_up(text)

    def _seen(self, text: str) -> str:
        """An observation as the template shows it."""
        return self._clean(text if self._frames.keeps_spaces else text.strip())

    def _escaped_marks(self) -> Escaping:
        """Breaks up everything that could end a message: special tokens, and the template's separators of messages.

        Raises:
            UnusableChatTemplate: If a special token cannot be broken up.
        """
        tokenizer = self.tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {*tokenizer.all_special_tokens, *(str(token) for token in added.values() if token.special)}
        others = sorted({*tokenizer.get_added_vocab()} - special)
        frames = self._frames
        frame = "\n".join((frames.after_user, frames.before_action, frames.after_action, frames.generation))
        breaking = special | markers(frame, others)
        # For example tokens that swallow the spaces around them.
        changed = {token for token in others if token.strip() and not self._preserves(token)}
        escaping = Escaping(breaking | changed)
        marks = ({*tokenizer.convert_tokens_to_ids(sorted(special))} | set(self._ends)) - {tokenizer.unk_token_id}
        for token in sorted(breaking):
            if not marks.isdisjoint(self._ids(escaping.broken_up(f"x {token} x"))):
                raise UnusableChatTemplate(
                    f"The tokenizer of {self._name} treats {token!r} as a special token in any text, so an observation "
                    "could end a message. Use another base (`bootstrap.base`)."
                )
        return escaping

    def _end_tokens(self) -> tuple[int, ...]:
        end = self._ids(self._frames.after_reply)[:1]
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.get_added_vocab().values()}
        own = self.tokenizer.eos_token_id
        ends = tuple(dict.fromkeys([*filter(special.__contains__, end), *([] if own is None else [own])]))
        if not ends:
            raise UnusableChatTemplate(
                f"There is no token that ends a message of {self._name}: its chat template writes none, "
                "and it has no `eos_token`; set one of them."
            )
        return ends

    def _preserves(self, token: str) -> bool:
        text = f"x  {token}  x"
        return self._text(self._ids(text)).strip() == text
