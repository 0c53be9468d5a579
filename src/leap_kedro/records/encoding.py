"""Records to JSON lines and back, and to plain JSON values."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Self, TypeVar

from pydantic import Field, TypeAdapter

Record = TypeVar("Record")


ABSENT_IF_FALSE: Any = Field(exclude_if=lambda value: not value)
ABSENT_IF_NONE: Any = Field(exclude_if=lambda value: value is None)
"""For ``Annotated``: fields that are left out of stored records at this value, so that older records stay the same."""


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def encode(record: object) -> str:
    """One line of JSON, without the line end."""
    return _adapter(type(record)).dump_json(record).decode()


def decode(kind: type[Record], line: str | bytes) -> Record:
    """The record of class `kind` in `line`.

    Raises:
        pydantic.ValidationError: If the line is not such a record.
    """
    record: Record = _adapter(kind).validate_json(line)
    return record


class Plain:
    """A dataclass that is stored as plain values inside a larger JSON value."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads."""
        plain: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The value from what `to_json` gave. Raises `pydantic.ValidationError` if it is malformed."""
        value: Self = _adapter(cls).validate_python(plain)
        return value

    @classmethod
    def all_from_json(cls, plain: Iterable[Mapping[str, Any]]) -> list[Self]:
        """A list of values, see `from_json`."""
        return [cls.from_json(each) for each in plain]
