"""Records to JSON lines and back."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

Record = TypeVar("Record")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def encode(record: object) -> str:
    """One line of JSON, without the line end."""
    return _adapter(cast(Hashable, type(record))).dump_json(record).decode()


def decode(kind: type[Record], line: str | bytes) -> Record:
    """The record of class `kind` that `line` holds.

    Raises:
        pydantic.ValidationError: If the line is no such record.
    """
    record: Record = _adapter(cast(Hashable, kind)).validate_json(line)
    return record
