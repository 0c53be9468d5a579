"""What a server understands of the chat completions interface, learnt from what it refuses."""

import json
from dataclasses import dataclass, replace
from typing import Any

from leap_kedro.language_models.parameters import Structured

_WEAKER = {Structured.JSON_SCHEMA: Structured.JSON_OBJECT, Structured.JSON_OBJECT: Structured.NONE}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server wants to be asked.

    Attributes:
        structured: How it is made to answer in JSON; never `AUTO`.
        chosen: Whether the user chose `structured`: then it stays.
        length_field: Name of the field for the longest answer.
    """

    structured: Structured
    chosen: bool
    length_field: str = "max_tokens"

    def __str__(self) -> str:
        """For messages."""
        return f"structured={self.structured.value}, {self.length_field}"

    def learn(self, complaint: str) -> "Dialect | None":
        """The dialect to try next after a server's `complaint` about a malformed request; None if it names nothing."""
        if self.length_field == "max_tokens" and "max_completion_tokens" in complaint:
            return replace(self, length_field="max_completion_tokens")
        weaker = _WEAKER.get(self.structured)
        if weaker and not self.chosen and is_about_format(complaint):
            return replace(self, structured=weaker)
        return None


def first_dialect(structured: Structured) -> Dialect:
    """The dialect to begin with."""
    if structured is Structured.AUTO:
        return Dialect(Structured.JSON_SCHEMA, chosen=False)
    return Dialect(structured, chosen=True)


def is_about_format(complaint: str) -> bool:
    """Whether a complaint is about how JSON was asked for."""
    return any(word in complaint for word in ("response_format", "json_schema", "json_object"))


def body_of(asked: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The body of the HTTP request.

    Args:
        asked: As `question` of cache.py makes it.
        dialect: How the server wants it.
    """
    body = {
        "model": asked["model"],
        "messages": asked["messages"],
        dialect.length_field: asked["max_tokens"],
        **{name: asked[name] for name in ("temperature", "seed") if asked[name] is not None},
    }
    schema = asked["schema"]
    if schema is not None:
        if dialect.structured is Structured.JSON_SCHEMA:
            form = {"name": "reply", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        else:
            body["messages"] = _with_schema(asked["messages"], schema)
        if dialect.structured is Structured.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
    return {**body, **asked["extra"]}


def _with_schema(messages: list[dict[str, str]], schema: dict[str, Any]) -> list[dict[str, str]]:
    told = f"Answer with one JSON value that fits this JSON schema, and with nothing else:\n{json.dumps(schema)}"
    last = messages[-1]
    return [*messages[:-1], {**last, "content": f"{last['content']}\n\n{told}"}]
