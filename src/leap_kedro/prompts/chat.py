"""Prompts of chat models, from the tokenizer's own chat template.

The messages are those of `messages.py`. Reply: ``REASON: ...``, ``ACTION: ...``; of it the history keeps the action.

A template is asked once, with stand-ins for the texts; what it puts between them makes the pieces, so the trunk of a
decision is a prefix of the next one's by construction. Templates that change earlier messages when later ones are added
are refused. Texts are untrusted: special tokens written out in them are broken up, so they cannot end a message.
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
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, UnusableChatTemplate, name_of, templated, templated_ids
from leap_kedro.records import Turn

__all__ = ["TEMPLATE_OPTIONS", "ChatRenderer", "UnusableChatTemplate", "templated_ids"]

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
"""Commands that a tokenizer must give back as they are."""


class ChatRenderer:
    """Renders with the chat template of `tokenizer`."""

    def __init__(self, tokenizer: Any, instructions: str = "", examples: str = "") -> None:
        """Ask the template for its frames.

        Args:
            tokenizer: A Hugging Face tokenizer with a chat template.
            instructions: What is added to the general rules: the forms of an environment's actions, say.
            examples: Finished episodes that a model which is only prompted is shown.

        Raises:
            UnusableChatTemplate: If the template is absent or cannot be used, or the tokenizer changes commands.
        """
        self._tokenizer = tokenizer
        self._name = name_of(tokenizer)
        self._read_any_frames()
        self._escaping = self._escaped_marks()
        self.rules = rules_text(instructions, self._clean(examples))
        self._before_opening = f"{self._rules_before}{self.rules}{self._rules_after}"
        reason = self._ids("REASON: stand-in\n")
        whole = self._ids(_LEAD)
        self._mark = whole[len(reason) :] if whole[: len(reason)] == reason else self._ids("ACTION:")
        self._lead = whole
        self._said = lru_cache(maxsize=50_000)(self._as_said)
        for probe in _PROBES:
            self.completion("I try.", probe, "")

    @property
    def tokenizer(self) -> Any:
        """The Hugging Face tokenizer behind it."""
        return self._tokenizer

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids that a trunk starts with: the rules and the first observation."""
        text = self._seen(first_message(observation, privileged))
        return self._ids(f"{self._before_opening}{text}{self._after_user}")

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; texts are shown as they are, whatever stood `before`."""
        reply, observation = self._clean(past_reply(turn.action)), self._seen(turn.observation)
        return self._ids(f"{self._before_action}{reply}{self._after_action}{observation}{self._after_user}")

    def branch(self) -> list[int]:
        """Token ids that ask for a reply: the template's generation prompt."""
        return self._ids(self._generation)

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply, its end token included.

        Raises:
            UnusableChatTemplate: If they would state another action: the tokenizer changes it, or it has several lines.
        """
        ids = [*self._ids(f"REASON: {self._clean(reason.strip())}\n"), *self._mark, *self.action_ids(action, before)]
        read = self.parse(ids, None, before).action
        if read != action.strip():
            raise UnusableChatTemplate(
                f"The tokenizer of {self._name} cannot state the action {action!r:.80} in a reply: it would be read as "
                f"{read!r:.80}. A reply states one line; if it is one, take a base whose tokenizer keeps all texts "
                "(`bootstrap.base`)."
            )
        return ids

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply: the template's own end of an assistant message, and the tokenizer's end."""
        return self._ends

    def action_start(self) -> list[int]:
        """Token ids of ``ACTION:``."""
        return list(self._mark)

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action after ``ACTION:``, the end token included."""
        return [*self._after_mark(self._clean(stated(action))), self._ends[0]]

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of what stands before the words, but for the last one: a tokenizer may join it with a word."""
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
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _after_mark(self, text: str) -> list[int]:
        """Token ids of a text after ``ACTION:`` and a space; alone, some tokenizers put a space before it."""
        whole = self._ids(f"{_LEAD} {text}")
        return whole[len(self._lead) :] if whole[: len(self._lead)] == self._lead else self._ids(f" {text}")

    def _text(self, ids: Iterable[int]) -> str:
        # Some tokenizers would tidy up what they decode: "a ." to "a.".
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _as_said(self, action: str) -> str:
        """A listed action as a reply has it."""
        return self._clean(action) if is_open(action) else self._text(self.action_ids(action, "")[:-1]).strip()

    def _clean(self, text: str) -> str:
        return self._escaping.broken_up(text)

    def _seen(self, text: str) -> str:
        """An observation as the template shows it."""
        return self._clean(text if self._keeps_spaces else text.strip())

    def _escaped_marks(self) -> Escaping:
        """Breaks up what could end a message: special tokens, and what the template parts messages with.

        Raises:
            UnusableChatTemplate: If a special token cannot be broken up.
        """
        tokenizer = self._tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {*tokenizer.all_special_tokens, *(str(token) for token in added.values() if token.special)}
        others = sorted({*tokenizer.get_added_vocab()} - special)
        frame = "\n".join((self._after_user, self._before_action, self._after_action, self._generation))
        breaking = special | markers(frame, others)
        # Tokens that swallow the spaces around them, say.
        swallowing = {token for token in others if token.strip() and not self._gives_back(token)}
        escaping = Escaping(breaking | swallowing)
        marks = ({*tokenizer.convert_tokens_to_ids(sorted(special))} | set(self._ends)) - {tokenizer.unk_token_id}
        for token in sorted(breaking):
            if not marks.isdisjoint(self._ids(escaping.broken_up(f"x {token} x"))):
                raise UnusableChatTemplate(
                    f"The tokenizer of {self._name} takes {token!r} for a special token wherever a text has it, and so "
                    "written out in an observation it could end a message. Take another base (`bootstrap.base`)."
                )
        return escaping

    def _gives_back(self, token: str) -> bool:
        text = f"x  {token}  x"
        return self._text(self._ids(text)).strip() == text

    def _read_any_frames(self) -> None:
        """Read off what the template puts around each text; rules go into the first message if there is no better."""
        if not getattr(self._tokenizer, "chat_template", None):
            raise UnusableChatTemplate(
                f"The tokenizer of {self._name} has neither the embedded student's marks nor a chat "
                "template; set `tokenizer.chat_template` and save it beside the model."
            )
        opening = {"role": "user", "content": _OPENING}
        system = {"role": "system", "content": _RULES}
        merged = {"role": "user", "content": f"{_RULES}\n\n{_OPENING}"}
        try:
            self._read_frames([system, opening])
        except UnusableChatTemplate:
            self._read_frames([merged])

    def _read_frames(self, start: list[dict[str, str]]) -> None:
        done, seen = {"role": "assistant", "content": _DONE}, {"role": "user", "content": _SEEN}
        first = self._template(start)
        longer = self._template([*start, done, seen])
        asking = self._template(start, reply=True)
        if not longer.startswith(first) or not asking.startswith(first):
            raise UnusableChatTemplate(
                f"The chat template of {self._name} changes earlier messages when later ones are added, "
                "so prompts would not grow at their end; set another `tokenizer.chat_template`."
            )
        before, self._after_user = self._around(first, _OPENING)
        self._rules_before, self._rules_after = self._around(before, _RULES)
        self._before_action, rest = self._around(longer[len(first) :], _DONE)
        self._after_action, after = self._around(rest, _SEEN)
        if after != self._after_user:
            raise UnusableChatTemplate(f"The chat template of {self._name} ends one user message unlike another.")
        self._generation = asking[len(first) :]
        padded = f" {_SEEN} "
        self._keeps_spaces = padded in self._template([*start, done, {"role": "user", "content": padded}])
        end = self._ids(self._after_action)[:1]
        special = set(self._tokenizer.all_special_ids) | set(self._tokenizer.get_added_vocab().values())
        own = self._tokenizer.eos_token_id
        ends = [*(index for index in end if index in special), *([] if own is None else [own])]
        if not ends:
            raise UnusableChatTemplate(
                f"There is no token that ends a message of {self._name}: its chat template writes none, "
                "and it has no `eos_token`; set one of them."
            )
        self._ends = tuple(dict.fromkeys(ends))

    def _template(self, messages: list[dict[str, str]], *, reply: bool = False) -> str:
        return templated(self._tokenizer, messages, reply=reply)

    def _around(self, text: str, stand_in: str) -> tuple[str, str]:
        if text.count(stand_in) != 1:
            raise UnusableChatTemplate(f"The chat template of {self._name} leaves out or repeats a message.")
        before, _, after = text.partition(stand_in)
        return before, after
