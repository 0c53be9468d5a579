"""Requests to language models and their completions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from leap_kedro.prompts.thoughts import answer_of


class Role(StrEnum):
    """The author of a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, untrusted if a model wrote it.

    Attributes:
        name: Name of the tool.
        arguments: Its arguments as JSON.
        id: Name of the call, to which its result refers; "" in an answer.
    """

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        role: Its author.
        content: Its text.
        call: The assistant's call of a tool beside the text, if any.
        call_id: For `Role.TOOL`: the call whose result the text is.
    """

    role: Role
    content: str
    call: ToolCall | None = None
    call_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """The message as servers expect it."""
        tree: dict[str, Any] = {"role": self.role.value, "content": self.content}
        if self.call is not None:
            function = {"name": self.call.name, "arguments": self.call.arguments}
            tree["tool_calls"] = [{"id": self.call.id, "type": "function", "function": function}]
        if self.call_id:
            tree["tool_call_id"] = self.call_id
        return tree


@dataclass(frozen=True, slots=True)
class Constraint:
    """What an answer must be like, in the forms that servers enforce.

    Attributes:
        grammar: Grammar of the answer, in GBNF.
        schema: JSON schema of the answer as JSON, for servers that enforce no grammars; None if it must be text.
    """

    grammar: str
    schema: Mapping[str, Any] | None = None


class Enforced(StrEnum):
    """The form in which a server enforces a constraint."""

    GRAMMAR = "grammar"
    """The grammar, in the field `structured_outputs` (vLLM) or `grammar` (llama.cpp)."""
    JSON_SCHEMA = "json_schema"
    """The JSON schema, in the field `response_format`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model. None for `max_tokens`, `temperature` or `seed` means the value in the model's parameters.

    Attributes:
        messages: The chat so far; the last message is the user's.
        schema: JSON schema of the answer; None for free text.
        max_tokens: Maximum tokens of the answer.
        temperature: Sampling temperature.
        seed: Seed of sampling.
        tools: Tools that the model may call, as servers expect them.
        constraint: What the server is asked to enforce, as far as it can; None: nothing.
        conversation: Name of the conversation, for one of several servers to answer all of it; "": none. The answer
            does not depend on it.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    constraint: Constraint | None = None
    conversation: str = ""


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    """The answer is complete."""
    LENGTH = "length"
    """The answer reached the maximum length."""
    REFUSAL = "refusal"
    """The model declined; the text is its explanation."""
    CONTENT_FILTER = "content_filter"
    """The provider withheld the answer or a part of it."""
    OTHER = "other"
    """Any other reason, for example a tool call."""


_WHOLE = frozenset({Finish.STOP, Finish.OTHER})


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer.

    Attributes:
        text: The answer, untrusted; "" if there is none.
        finish: Why it ended.
        prompt_tokens: Tokens of the request, including those from the server's prompt cache; 0 if unknown.
        completion_tokens: Tokens of the answer; 0 if unknown.
        dollars: Cost of this call, 0 from the cache; None if price or usage is unknown.
        cached: Whether it was answered from the cache on disk, without a call.
        thought: Whether the server returned the model's thoughts in a separate field.
        own_temperature: Whether the server used its own temperature because it does not accept one.
        calls: The calls of tools in it.
        enforced: The form in which the server was asked to enforce the request's constraint; None if it was not.
    """

    text: str
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None
    cached: bool
    thought: bool = False
    own_temperature: bool = False
    calls: tuple[ToolCall, ...] = ()
    enforced: Enforced | None = None

    @property
    def answer(self) -> str:
        """The text without the thoughts before it."""
        return answer_of(self.text)

    @property
    def is_whole(self) -> bool:
        """Whether there is an answer that was neither refused nor truncated."""
        return self.finish in _WHOLE and bool(self.calls or self.answer.strip())
