"""Prompts of chat models, from the tokenizer's own chat template.

The messages are those of `messages.py`. Reply: ``REASON: ...``, ``ACTION: ...``; of it the history keeps the action.

A template is asked once, with stand-ins for the texts; what it puts between them makes the pieces, so the trunk of a
decision is a prefix of the next one's by construction. Templates that write earlier messages anew when later ones come
are refused. Texts are untrusted: special tokens written out in them are broken up, so they cannot end a message.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leap_kedro.environments.actions import around
from leap_kedro.prompts.messages import first_message, past_reply, rules_text
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.records import Turn

_RULES, _OPENING, _DONE, _SEEN = "R0-rules", "O1-opening", "A2-action", "S3-observation"

TEMPLATE_OPTIONS = {"date_string": "26 Jul 2024"}
"""What templates are told beside messages. Llama 3.1's want a day (this is their own default): today's would change the
prompts from day to day."""


class UnusableChatTemplate(ValueError):
    """The tokenizer has no chat template, or one whose prompts do not grow at their end."""


def templated_ids(tokenizer: Any, messages: Sequence[tuple[str, str]]) -> list[int]:
    """Token ids of a prompt as a chat server makes them: the whole template at once, and the mark of a reply.

    Raises:
        UnusableChatTemplate: If the template refuses the messages.
    """
    told = [{"role": role, "content": text} for role, text in messages]
    try:
        text = tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True, **TEMPLATE_OPTIONS)
    except Exception as error:
        raise UnusableChatTemplate(f"its chat template refuses a conversation: {error}") from error
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


class ChatRenderer:
    """Renders with the chat template of `tokenizer`."""

    def __init__(self, tokenizer: Any, instructions: str = "", examples: str = "") -> None:
        """Ask the template for its frames.

        Args:
            tokenizer: A Hugging Face tokenizer with a chat template.
            instructions: What is added to the general rules: the forms of an environment's actions, say.
            examples: Finished episodes that a model which is only prompted is shown.

        Raises:
            UnusableChatTemplate: If the template is absent or cannot be used.
        """
        self._tokenizer = tokenizer
        literals = sorted({*tokenizer.all_special_tokens, *tokenizer.get_added_vocab()}, key=len, reverse=True)
        self._special = re.compile("|".join(re.escape(token) for token in literals if len(token) > 1) or r"(?!)")
        self.rules = rules_text(instructions, examples)
        self._frame_texts()
        reason = self._ids("REASON: stand-in\n")
        whole = self._ids("REASON: stand-in\nACTION:")
        self._mark = whole[len(reason) :] if whole[: len(reason)] == reason else self._ids("ACTION:")

    @property
    def tokenizer(self) -> Any:
        """The Hugging Face tokenizer behind it."""
        return self._tokenizer

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        """Token ids that a trunk starts with: the rules and the first observation."""
        text = self._clean(first_message(observation, privileged))
        return self._ids(f"{self._before_opening}{text}{self._after_user}")

    def turn(self, turn: Turn, before: str) -> list[int]:
        """Token ids that a turn adds to the trunk; texts are shown as they are, whatever stood `before`."""
        reply, observation = past_reply(self._clean(turn.action)), self._clean(turn.observation)
        return self._ids(f"{self._before_action}{reply}{self._after_action}{observation}{self._after_user}")

    def branch(self) -> list[int]:
        """Token ids that ask for a reply: the template's generation prompt."""
        return self._ids(self._generation)

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        """Token ids of a reply, its end token included."""
        return [*self._ids(f"REASON: {self._clean(reason)}\n"), *self._mark, *self.action_ids(action, before)]

    def end_ids(self) -> tuple[int, ...]:
        """Token ids that end a reply: the template's own end of an assistant message, and the tokenizer's end."""
        return self._ends

    def action_start(self) -> list[int]:
        """Token ids of ``ACTION:``."""
        return list(self._mark)

    def action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of an action after ``ACTION:``, the end token included."""
        return [*self._ids(f" {self._clean(action)}"), self._ends[0]]

    def open_action_ids(self, action: str, before: str) -> list[int]:
        """Token ids of what stands before the words, but for the last one: a tokenizer may join it with a word."""
        return self._ids(f" {self._clean(around(action)[0])}")[:-1]

    def parse(self, ids: Sequence[int], admissible: Sequence[str] | None, before: str) -> ParsedReply:
        """Reason and action of a reply; see `parse_reply`."""
        finished = any(index in self._ends for index in ids)
        text = self._tokenizer.decode([index for index in ids if index not in self._ends], skip_special_tokens=True)
        if admissible is None:
            return parse_reply(text, None, finished)
        listed = {self._clean(action): action for action in reversed(admissible)}
        parsed = parse_reply(text, list(listed), finished)
        return replace(parsed, action=listed.get(parsed.action, parsed.action))

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _clean(self, text: str) -> str:
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text).strip()

    def _frame_texts(self) -> None:
        """Read off what the template puts around each text; rules go into the first message if there is no better."""
        if not getattr(self._tokenizer, "chat_template", None):
            raise UnusableChatTemplate(
                f"The tokenizer of {self._name()} has neither the embedded student's marks nor a chat template; "
                "set `tokenizer.chat_template` and save it beside the model."
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
        asking = self._template(start, add_generation_prompt=True)
        if not longer.startswith(first) or not asking.startswith(first):
            raise UnusableChatTemplate(
                f"The chat template of {self._name()} writes earlier messages anew when later ones come, "
                "so prompts would not grow at their end; set another `tokenizer.chat_template`."
            )
        before, self._after_user = self._around(first, _OPENING)
        rules_before, rules_after = self._around(before, _RULES)
        self._before_opening = rules_before + self.rules + rules_after
        self._before_action, rest = self._around(longer[len(first) :], _DONE)
        self._after_action, after = self._around(rest, _SEEN)
        if after != self._after_user:
            raise UnusableChatTemplate(f"The chat template of {self._name()} ends one user message unlike another.")
        self._generation = asking[len(first) :]
        end = self._ids(self._after_action)[:1]
        special = set(self._tokenizer.all_special_ids) | set(self._tokenizer.get_added_vocab().values())
        own = self._tokenizer.eos_token_id
        ends = [*(index for index in end if index in special), *([] if own is None else [own])]
        if not ends:
            raise UnusableChatTemplate(
                f"There is no token that ends a message of {self._name()}: its chat template writes none, "
                "and it has no `eos_token`; set one of them."
            )
        self._ends = tuple(dict.fromkeys(ends))

    def _template(self, messages: list[dict[str, str]], **options: Any) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(messages, tokenize=False, **TEMPLATE_OPTIONS, **options)
        except Exception as error:
            raise UnusableChatTemplate(
                f"The chat template of {self._name()} refuses a conversation: {error}"
            ) from error
        return text

    def _around(self, text: str, stand_in: str) -> tuple[str, str]:
        if text.count(stand_in) != 1:
            raise UnusableChatTemplate(f"The chat template of {self._name()} leaves out or repeats a message.")
        before, _, after = text.partition(stand_in)
        return before, after

    def _name(self) -> str:
        return repr(getattr(self._tokenizer, "name_or_path", "") or type(self._tokenizer).__name__)
