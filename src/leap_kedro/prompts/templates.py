"""Renders chat templates on a fixed date, so that templates with the current date always give the same tokens."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from string import ascii_letters
from types import MappingProxyType
from typing import Any

from leap_kedro.records import UserError
from leap_kedro.records.errors import in_one_line

DAY = datetime(2024, 7, 26, tzinfo=UTC)
"""The date of every prompt."""

TEMPLATE_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {"date_string": "26 Jul 2024", "enable_thinking": False, "thinking": False}
)
"""Variables of templates besides messages: the date in those of Llama 3 (this is their default), and no thoughts."""

THINKING: Mapping[str, Any] = MappingProxyType({**TEMPLATE_OPTIONS, "enable_thinking": True, "thinking": True})
"""The same for replies with thoughts."""

_CLOCK = (
    "{%- macro strftime_now(format) -%}{%- set at = namespace(text=format.replace('%%', '\\0')) -%}"
    "{%- for code, value in DIRECTIVES -%}"
    "{%- set at.text = at.text.replace(code, value) -%}{%- endfor -%}{{- at.text.replace('\\0', '%') -}}"
    "{%- endmacro %}\n"  # the line ends here, or a template that begins with spaces would keep them
)
"""Put before a template to replace the function of that name in transformers, which cannot be configured."""


class UnusableChatTemplate(UserError):
    """The tokenizer changes texts, or has no chat template, or one whose prompts do not grow only at the end."""


def templated(
    tokenizer: Any,
    messages: Sequence[Mapping[str, str]],
    *,
    reply: bool = False,
    options: Mapping[str, Any] = TEMPLATE_OPTIONS,
    now: datetime = DAY,
) -> str:
    """A conversation rendered by the tokenizer's template.

    Args:
        tokenizer: A Hugging Face tokenizer with a chat template.
        messages: Messages, each with `role` and `content`.
        reply: Whether it ends with the generation prompt.
        options: Variables of the template besides messages.
        now: The current time in the template.

    Raises:
        UnusableChatTemplate: If the template refuses the messages.
    """
    try:
        text: str = tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            chat_template=template_at(tokenizer, now),
            tokenize=False,
            add_generation_prompt=reply,
            **options,
        )
    except Exception as error:
        raise UnusableChatTemplate(
            f"The chat template of {name_of(tokenizer)} refuses a conversation: {in_one_line(error).rstrip(' .')}. Set "
            "another `tokenizer.chat_template` and save it beside the model."
        ) from error
    return text


def template_at(tokenizer: Any, now: datetime = DAY) -> str:
    """The tokenizer's template, in which the current time is always `now`."""
    return _clock(now) + str(tokenizer.get_chat_template())


def templated_ids(
    tokenizer: Any,
    messages: Sequence[tuple[str, str]],
    options: Mapping[str, Any] = TEMPLATE_OPTIONS,
    now: datetime = DAY,
) -> list[int]:
    """Token ids of a prompt as a chat server computes them: `templated` with the generation prompt, tokenized at once.

    Args:
        tokenizer: A Hugging Face tokenizer with a chat template.
        messages: Role and content of each message.
        options: Variables of the template besides messages.
        now: The current time in the template.

    Raises:
        UnusableChatTemplate: If the template refuses the messages.
    """
    named = [{"role": role, "content": text} for role, text in messages]
    text = templated(tokenizer, named, reply=True, options=options, now=now)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def name_of(tokenizer: Any) -> str:
    """Name of a tokenizer in messages: its folder, if it has one."""
    return repr(getattr(tokenizer, "name_or_path", "") or type(tokenizer).__name__)


@lru_cache(maxsize=4)
def _clock(now: datetime) -> str:
    """A function `strftime_now` that knows each directive of strftime, with flags, at that time."""
    local = now.replace(tzinfo=None)  # without a time zone, as in transformers
    codes = [f"%{flag}{letter}" for flag in ("", "-", "_", "0", "^", "#") for letter in ascii_letters]
    # Seconds since 1970 would be counted in the machine's time zone.
    values = [[code, str(int(now.timestamp())) if code == "%s" else local.strftime(code)] for code in codes]
    return _CLOCK.replace("DIRECTIVES", json.dumps(values))
