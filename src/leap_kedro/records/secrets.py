"""Keys and passwords in texts: how they look, and texts and records without them."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

REDACTED = "[redacted]"
_SECRET = re.compile(r"\b(sk|hf|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,}|://[^/\s:@]+:[^/\s@]+@|\bBearer\s+\S+", re.I)

Value = TypeVar("Value")


def has_secret(text: str) -> bool:
    """Whether something in the text looks like a key or a password."""
    return _SECRET.search(text) is not None


def without_secrets(value: Value) -> Value:
    """The value with `REDACTED` for each part of a text that looks like a key or a password.

    Args:
        value: A text, a record, or a tuple or a mapping of these. Other values are returned as they are.
    """
    return _cleaned(value)  # type: ignore[no-any-return]


def _cleaned(value: Any) -> Any:
    if type(value) is str:  # an enumeration's member stays one
        return _SECRET.sub(REDACTED, value)
    if isinstance(value, tuple):
        return tuple(_cleaned(each) for each in value)
    if isinstance(value, Mapping):
        return {_cleaned(name): _cleaned(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return value
