"""Adapts requests to the part of the chat completions interface that a server supports, learnt from its errors."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leap_kedro.language_models.chat import Enforced, Role
from leap_kedro.language_models.complaint import Complaint
from leap_kedro.language_models.parameters import OPENAI, ModelParameters, Structured

_WEAKER = {Structured.JSON_SCHEMA: Structured.JSON_OBJECT, Structured.JSON_OBJECT: Structured.NONE}
_NEXT = {Enforced.GRAMMAR: Enforced.JSON_SCHEMA, Enforced.JSON_SCHEMA: None}
ENFORCING = {
    Enforced.GRAMMAR: ("structured_outputs", "grammar"),
    Enforced.JSON_SCHEMA: ("response_format",),
}
"""Fields of a request that make a server enforce a constraint. vLLM and llama.cpp ignore each other's."""
_OPTIONAL = ("temperature", "seed")
"""Optional fields of a request."""
_FORMAT = re.compile(
    r"response_format|json_schema|json_object|\bjson (?:mode|schema|object)\b|structured.?outputs?|guided.?decoding",
    re.I,
)
_ROLES = re.compile(
    r"\bsystem[\W_]+(?:role|message|prompt|instruction)|\brole\b.{0,80}\bsystem\b|\bsystem\b.{0,40}\brole\b"
    r"|\bsystem[^a-z]{0,4}角色|developer instruction|roles must alternate|only user and assistant",
    re.I | re.S,
)
_NOT_KNOWN = re.compile(
    r"unsupported|not (?:supported|permitted|allowed)|unrecogni[sz]ed|unknown|unexpected|extra ", re.I
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of request that a server supports.

    Attributes:
        structured: How it is made to answer in JSON; never `AUTO`.
        chosen: Whether the user chose `structured`, which is then fixed.
        length_field: Name of the field for the maximum length.
        left_out: Fields that it does not support.
        has_system: Whether it supports system messages; if not, their text is put before the first user message.
        enforced: The form in which it enforces constraints; None if it enforces none.
    """

    structured: Structured
    chosen: bool
    length_field: str = "max_tokens"
    left_out: frozenset[str] = frozenset()
    has_system: bool = True
    enforced: Enforced | None = Enforced.GRAMMAR

    def enforces(self, asked: Mapping[str, Any]) -> Enforced | None:
        """The form in which the constraint of a `question` is sent; None if it has none, or none in this form."""
        constraint = asked.get("constraint")
        if constraint is None or (self.enforced is Enforced.JSON_SCHEMA and constraint["schema"] is None):
            return None
        return self.enforced

    def without(self, enforced: Enforced) -> "tuple[Dialect, str]":
        """The next dialect if a server does not enforce constraints in this form, and a description, as in `learn`."""
        following = _NEXT[enforced]
        how = f"in `{ENFORCING[following][0]}`" if following else "in no form, so answers are free"
        return replace(self, enforced=following), f"constraints are sent {how}"

    def learn(
        self, complaint: Complaint, sent: Mapping[str, Any], enforced: Enforced | None = None
    ) -> "tuple[Dialect, str] | None":
        """What to try next after a server's complaint about a request.

        Args:
            complaint: The complaint.
            sent: The body of the request.
            enforced: The form in which it has a constraint, if any.

        Returns:
            The next dialect and a description of the difference, for a log message; None if nothing is left to try.
        """
        if self.length_field == "max_tokens" and _wants_other_length(complaint):
            learnt = replace(self, length_field="max_completion_tokens")
            return learnt, "`max_completion_tokens` is sent instead of `max_tokens`"
        for field in _OPTIONAL:
            if field in sent and field not in self.left_out and complaint.names(field):
                learnt = replace(self, left_out=self.left_out | {field})
                return learnt, f"`{field}` is omitted and the server's default applies (the same as `{field}: null`)"
        has_system = any(message["role"] == Role.SYSTEM.value for message in sent["messages"])
        if self.has_system and has_system and is_about_roles(complaint):
            return replace(self, has_system=False), "the rules are in the first user message, not in a system message"
        if enforced is not None:
            unknown = any(map(complaint.names, ENFORCING[enforced])) and _NOT_KNOWN.search(complaint.text)
            return self.without(enforced) if unknown else None
        weaker = _WEAKER.get(self.structured)
        if weaker and not self.chosen and "response_format" in sent and is_about_format(complaint):
            return replace(self, structured=weaker), f"JSON is requested with `structured: {weaker.value}`"
        return None


def first_dialect(parameters: ModelParameters) -> Dialect:
    """The initial dialect."""
    enforced = Enforced.JSON_SCHEMA if parameters.address == OPENAI else Enforced.GRAMMAR
    if parameters.structured is Structured.AUTO:
        return Dialect(Structured.JSON_SCHEMA, chosen=False, enforced=enforced)
    return Dialect(parameters.structured, chosen=True, enforced=enforced)


def is_about_format(complaint: Complaint) -> bool:
    """Whether a complaint is about the request for JSON."""
    return complaint.names("response_format") or _FORMAT.search(complaint.text) is not None


def is_about_roles(complaint: Complaint) -> bool:
    """Whether a complaint is about the role of a message."""
    return any(path.endswith("role") for path in complaint.fields) or _ROLES.search(complaint.text) is not None


def _wants_other_length(complaint: Complaint) -> bool:
    if "max_completion_tokens" in complaint.text:
        return True
    return complaint.names("max_tokens") and _NOT_KNOWN.search(complaint.text) is not None


def body_of(asked: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """The body of the HTTP request for a `question` (see cache.py)."""
    messages = asked["messages"] if dialect.has_system else _without_system(asked["messages"])
    sent = [name for name in _OPTIONAL if asked[name] is not None and name not in dialect.left_out]
    body = {
        "model": asked["model"],
        "messages": messages,
        dialect.length_field: asked["max_tokens"],
        **{name: asked[name] for name in sent},
    }
    if "tools" in asked:
        body["tools"] = asked["tools"]
    schema = asked["schema"]
    if schema is not None:
        if dialect.structured is Structured.JSON_SCHEMA:
            body["response_format"] = _schema_format(schema)
        else:
            body["messages"] = _with_schema(messages, schema)
        if dialect.structured is Structured.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
    enforced = dialect.enforces(asked)
    if enforced is Enforced.GRAMMAR:
        grammar = asked["constraint"]["grammar"]
        body |= {"structured_outputs": {"grammar": grammar}, "grammar": grammar}
    elif enforced is Enforced.JSON_SCHEMA:
        body["response_format"] = _schema_format(asked["constraint"]["schema"])
    body |= asked["extra"]
    return {name: value for name, value in body.items() if name not in asked["extra"] or value is not None}


def _schema_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Moves system messages into the first user message, as `ChatRenderer` does."""
    rules = [message["content"] for message in messages if message["role"] == Role.SYSTEM.value]
    first, *others = [message for message in messages if message["role"] != Role.SYSTEM.value]
    return [{**first, "content": "\n\n".join([*rules, first["content"]])}, *others]


def _with_schema(messages: list[dict[str, str]], schema: dict[str, Any]) -> list[dict[str, str]]:
    rule = f"Answer with one JSON value that fits this JSON schema, and with nothing else:\n{json.dumps(schema)}"
    last = messages[-1]
    return [*messages[:-1], {**last, "content": f"{last['content']}\n\n{rule}"}]
