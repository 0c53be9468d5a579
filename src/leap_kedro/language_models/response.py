"""Reads HTTP bodies of servers. Servers are not trusted: fields may be missing or of another type."""

import json
from dataclasses import dataclass
from typing import Any

from leap_kedro.language_models.chat import Finish, ToolCall
from leap_kedro.language_models.complaint import Complaint, complaint_in, read_complaint

_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.CONTENT_FILTER}
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
"""Fields of a message for a model's thoughts."""


class BrokenAnswer(ValueError):
    """The body is not a chat completion; the message gives the reason."""


class ErrorInAnswer(ValueError):
    """The body contains an error (`complaint`), although the HTTP status indicates success."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer.

    Attributes:
        text: The text of the model.
        finish: Why it ended.
        prompt_tokens: Tokens read; None if unknown.
        completion_tokens: Tokens written; None if unknown.
        cached_tokens: Tokens read from the server's prompt cache.
        thought: Whether the model's thoughts are in a separate field.
        calls: The calls of tools.
    """

    text: str
    finish: Finish
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int
    thought: bool = False
    calls: tuple[ToolCall, ...] = ()


def read_answer(body: bytes) -> Answer:
    """The chat completion in `body`.

    Raises:
        BrokenAnswer: If there is none.
        ErrorInAnswer: If there is an error instead.
    """
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        raise BrokenAnswer(f"the server sent {_kind(body)} in place of an answer") from None
    choices = _get(tree, "choices")
    if not isinstance(choices, list) or not choices:
        complaint = complaint_in(tree)
        if isinstance(tree, dict) and complaint.text:
            raise ErrorInAnswer(complaint)
        raise BrokenAnswer("the server's answer has no choices")
    if _get(choices[0], "error"):  # the provider failed after the beginning of the answer
        raise ErrorInAnswer(complaint_in(choices[0]))
    message = _get(choices[0], "message")
    if not isinstance(message, dict):
        raise BrokenAnswer("the server's answer has no message")
    refusal = message.get("refusal")
    usage = _get(tree, "usage")
    prompt_tokens = _count(usage, "prompt_tokens")
    finish = Finish.REFUSAL if refusal else _FINISHES.get(str(_get(choices[0], "finish_reason")), Finish.OTHER)
    text, thought = _text(message.get("content"))
    return Answer(
        text=_writable(str(refusal) if refusal else text),
        finish=finish,
        prompt_tokens=prompt_tokens,
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=min(_count(_get(usage, "prompt_tokens_details"), "cached_tokens") or 0, prompt_tokens or 0),
        thought=thought or any(message.get(name) for name in _THOUGHTS),
        calls=_calls(message.get("tool_calls")),
    )


def _calls(tree: Any) -> tuple[ToolCall, ...]:
    """The calls of functions in a message; some servers give the arguments as an object instead of JSON in a string."""
    functions = [_get(call, "function") for call in tree] if isinstance(tree, list) else []
    named = [(_get(function, "name"), _get(function, "arguments")) for function in functions]
    return tuple(
        ToolCall(_writable(name), _writable(given if isinstance(given, str) else json.dumps(given)))
        for name, given in named
        if isinstance(name, str)
    )


def _kind(body: bytes) -> str:
    """A description of a body that is not JSON."""
    if not body.strip():
        return "nothing"
    if body.lstrip().startswith((b"data:", b"event:")):
        return "an event stream (see that nothing in `extra` asks for one)"
    complaint = read_complaint(body)
    return f"{complaint.text} (correct `base_url`, or the proxy on the way)" if complaint.is_page else "no JSON"


def _text(content: Any) -> tuple[str, bool]:
    """The text in a message's content (a string or a list of parts), and whether there are parts with thoughts.

    Parts that are not text (thoughts, images, tool calls) are left out.
    """
    if isinstance(content, str):
        return content, False
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else _part(part) for part in parts]
    return "".join(texts), any(_get(part, "type") in ("thinking", "reasoning") for part in parts)


def _part(part: Any) -> str:
    text = _get(part, "text")
    if isinstance(text, dict):  # the form of OpenAI's assistants
        text = text.get("value")
    return text if _get(part, "type", "text") in ("text", "output_text") and isinstance(text, str) else ""


def _writable(text: str) -> str:
    """`text` without unpaired surrogates, which JSON can contain but files cannot."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _get(tree: Any, name: str, otherwise: Any = None) -> Any:
    return tree.get(name, otherwise) if isinstance(tree, dict) else otherwise


def _count(tree: Any, name: str) -> int | None:
    value = _get(tree, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
