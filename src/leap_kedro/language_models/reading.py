"""What a server's answer says, read with doubt: it is JSON of the expected form only if all goes well."""

import json
from dataclasses import dataclass
from typing import Any

from leap_kedro.language_models.chat import Finish

_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.CONTENT_FILTER}


class BrokenAnswer(ValueError):
    """The body is no chat completion; the message says how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        text: The model's words.
        finish: Why they ended.
        prompt_tokens: Tokens read; None if not told.
        completion_tokens: Tokens written; None if not told.
        cached_tokens: Tokens read that were in the server's prompt cache.
    """

    text: str
    finish: Finish
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int


def read_answer(body: bytes) -> Answer:
    """The chat completion in `body`.

    Raises:
        BrokenAnswer: If there is none.
    """
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:200].lstrip().lower()
        kind = "an HTML page" if start.startswith((b"<!doctype", b"<html")) else "no JSON"
        raise BrokenAnswer(f"the server sent {kind} in place of an answer") from None
    choices = _get(tree, "choices")
    if not isinstance(choices, list) or not choices:
        raise BrokenAnswer("the server's answer has no choices")
    message = _get(choices[0], "message")
    if not isinstance(message, dict):
        raise BrokenAnswer("the server's answer has no message")
    refusal = message.get("refusal")
    content = message.get("content")
    usage = _get(tree, "usage")
    prompt_tokens = _count(usage, "prompt_tokens")
    finish = Finish.REFUSAL if refusal else _FINISHES.get(str(_get(choices[0], "finish_reason")), Finish.OTHER)
    return Answer(
        text=_writable(str(refusal) if refusal else content if isinstance(content, str) else ""),
        finish=finish,
        prompt_tokens=prompt_tokens,
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=min(_count(_get(usage, "prompt_tokens_details"), "cached_tokens") or 0, prompt_tokens or 0),
    )


def error_of(body: bytes) -> tuple[str, str]:
    """Code and message of a server's error; "" where it gives none. Servers differ in where they put them."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    error = _get(tree, "error", tree)
    if isinstance(error, str):
        return "", error
    code = _get(error, "code")
    text = next((value for name in ("message", "detail") if (value := _get(error, name))), "")
    return code if isinstance(code, str) else "", (text if isinstance(text, str) else json.dumps(text))


def _writable(text: str) -> str:
    """`text` without halves of surrogate pairs, which JSON can spell and no file can hold."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _get(tree: Any, name: str, otherwise: Any = None) -> Any:
    return tree.get(name, otherwise) if isinstance(tree, dict) else otherwise


def _count(tree: Any, name: str) -> int | None:
    value = _get(tree, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
