"""Prompts of chat models, from the tokenizer's chat template.

The messages are those of `messages.py`. A reply is ``REASON: ...``, ``ACTION: ...``; the history keeps its action.

A template is rendered once with placeholders for the texts. The parts between them are the pieces of a prompt, so the
trunk of a decision is always a prefix of the next one. Templates that change earlier messages when later ones are added
are rejected. Texts are untrusted: special tokens in them are broken up, so they cannot end a message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from leap_kedro.environments.actions import around, is_open
from leap_kedro.prompts.escaping import Escaping, markers
from leap_kedro.prompts.messages import first_message, past_reply, rules_text
from leap_kedro.prompts.plain import parse_reply, stated
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.prompts.templates import UnusableChatTemplate, name_of, templated
from leap_kedro.records import Turn

_LEAD = "REASON: stand-in\nACTION:"
_RULES, _OPENING, _DONE, _SEEN = "R0-rules", "O1-opening", "A2-action", "S3-observation"

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

    Raises:
        UnusableChatTemplate: If the template is missing or unsuitable, or the tokenizer changes commands.
    """

    def __init__(self, tokenizer: Any, instructions: str = "", examples: str = "") -> None:
        self.tokenizer = tokenizer
        self._name = name_of(tokenizer)
        self._read_any_frames()
        self._escaping = self._escaped_marks()
        self.rules = rules_text(instructions, self._clean(examples))
        self._before_opening = f"{self._rules_before}{self.rules}{self._rules_after}"
        reason, self._lead = self._ids("REASON: stand-in\n"), self._ids(_LEAD)
        joined = self._lead[: len(reason)] == reason
        self._mark = self._lead[len(reason) :] if joined else self._ids("ACTION:")
        self._said = lru_cache(maxsize=50_000)(self._as_said)
        for probe in _PROBES:
            self.completion("I try.", probe, "")

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids at the start of a trunk: the rules and the first observation."""
        text = self._seen(first_message(observation, privileged))
        return self._ids(f"{self._before_opening}{text}{self._after_user}")

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; they do not depend on `before`."""
        reply, observation = self._clean(past_reply(turn.action)), self._seen(turn.observation)
        return self._ids(f"{self._before_action}{reply}{self._after_action}{observation}{self._after_user}")

    def branch(self) -> list[int]:
        """Token ids that ask for a reply: the template's generation prompt."""
        return self._ids(self._generation)

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply, including its end token.

        Raises:
            UnusableChatTemplate: If they would express another action: the tokenizer changes it, or it has several
                lines.
        """
        ids = [*self._ids(f"REASON: {self._clean(reason.strip())}\n"), *self._mark, *self.action_ids(action, before)]
        read = self.parse(ids, None, before).action
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
        return self._clean(text if self._keeps_spaces else text.strip())

    def _escaped_marks(self) -> Escaping:
        """Breaks up everything that could end a message: special tokens, and the template's separators of messages.

        Raises:
            UnusableChatTemplate: If a special token cannot be broken up.
        """
        tokenizer = self.tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {*tokenizer.all_special_tokens, *(str(token) for token in added.values() if token.special)}
        others = sorted({*tokenizer.get_added_vocab()} - special)
        frame = "\n".join((self._after_user, self._before_action, self._after_action, self._generation))
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

    def _preserves(self, token: str) -> bool:
        text = f"x  {token}  x"
        return self._text(self._ids(text)).strip() == text

    def _read_any_frames(self) -> None:
        """Determine the template's text around each message; without system messages, the first one has the rules."""
        if not getattr(self.tokenizer, "chat_template", None):
            raise UnusableChatTemplate(
                f"The tokenizer of {self._name} has neither the embedded student's marks nor a chat "
                "template; set `tokenizer.chat_template` and save it beside the model."
            )
        try:
            self._read_frames([{"role": "system", "content": _RULES}, {"role": "user", "content": _OPENING}])
        except UnusableChatTemplate:
            self._read_frames([{"role": "user", "content": f"{_RULES}\n\n{_OPENING}"}])

    def _read_frames(self, start: list[dict[str, str]]) -> None:
        done, seen = {"role": "assistant", "content": _DONE}, {"role": "user", "content": _SEEN}
        first = self._template(start)
        longer = self._template([*start, done, seen])
        asking = self._template(start, reply=True)
        if not longer.startswith(first) or not asking.startswith(first):
            raise UnusableChatTemplate(
                f"The chat template of {self._name} changes earlier messages when later ones are added, "
                "so prompts would not grow only at the end; set another `tokenizer.chat_template`."
            )
        before, self._after_user = self._around(first, _OPENING)
        self._rules_before, self._rules_after = self._around(before, _RULES)
        self._before_action, rest = self._around(longer[len(first) :], _DONE)
        self._after_action, after = self._around(rest, _SEEN)
        if after != self._after_user:
            raise UnusableChatTemplate(f"The chat template of {self._name} does not end all user messages alike.")
        self._generation = asking[len(first) :]
        padded = f" {_SEEN} "
        self._keeps_spaces = padded in self._template([*start, done, {"role": "user", "content": padded}])
        end = self._ids(self._after_action)[:1]
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.get_added_vocab().values()}
        own = self.tokenizer.eos_token_id
        self._ends = tuple(dict.fromkeys([*filter(special.__contains__, end), *([] if own is None else [own])]))
        if not self._ends:
            raise UnusableChatTemplate(
                f"There is no token that ends a message of {self._name}: its chat template writes none, "
                "and it has no `eos_token`; set one of them."
            )

    def _template(self, messages: list[dict[str, str]], *, reply: bool = False) -> str:
        return templated(self.tokenizer, messages, reply=reply)

    def _around(self, text: str, placeholder: str) -> tuple[str, str]:
        if text.count(placeholder) != 1:
            raise UnusableChatTemplate(f"The chat template of {self._name} leaves out or repeats a message.")
        before, _, after = text.partition(placeholder)
        return before, after
