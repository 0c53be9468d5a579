"""Requests to a language model, and its completions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from leap_kedro.prompts.thoughts import answer_of


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    """Instructions."""
    USER = "user"
    """Who asks."""
    ASSISTANT = "assistant"
    """The model."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Attributes:
        messages: The chat so far; the last message is the user's.
        schema: JSON schema that the answer must have; None: free text.
        max_tokens: Longest answer, in tokens; None: as the model's parameters say.
        temperature: Temperature of sampling; None: as the model's parameters say.
        seed: Seed of sampling; None: as the model's parameters say.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    """The model was done."""
    LENGTH = "length"
    """Cut off at the longest answer allowed."""
    REFUSAL = "refusal"
    """The model declined; the text is what it said instead."""
    CONTENT_FILTER = "content_filter"
    """The provider withheld the answer, or what is left of it."""
    OTHER = "other"
    """Anything else that the server gives as its reason (a tool call, say)."""


_WHOLE = frozenset({Finish.STOP, Finish.OTHER})


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer.

    Attributes:
        text: The answer, untrusted; "" if there is none.
        finish: Why it ended.
        prompt_tokens: Tokens of the request, those from the server's own prompt cache included; 0 if unknown.
        completion_tokens: Tokens of the answer; 0 if unknown.
        dollars: Cost of the call, 0 from the cache; None if the model's price or its usage is unknown.
        cached: Whether it was answered from the cache on disk, without a call.
        own_temperature: Whether the server used its own temperature, because it accepts none.
        thought: Whether the server returned the model's thoughts in a separate field.
    """

    text: str
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None
    cached: bool
    thought: bool = False
    own_temperature: bool = False

    @property
    def answer(self) -> str:
        """The text without the thoughts in front of it."""
        return answer_of(self.text)

    @property
    def is_whole(self) -> bool:
        """Whether there is an answer that was neither refused nor cut off."""
        return self.finish in _WHOLE and bool(self.answer.strip())
