"""Messages about wrong parameters."""

from collections.abc import Callable, Iterator, Mapping
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from leap_kedro.records.errors import closest


def parameter_error(
    model: type[BaseModel] | None,
    place: tuple[str, ...],
    details: ErrorDetails,
    origin: Callable[[str], str],
) -> str:
    """One sentence on a wrong value, with its path and, for an unknown name, the closest known one.

    Args:
        model: The model that refused the value; None: unknown.
        place: Path of the model's block.
        details: The error of pydantic.
        origin: Path of a parameter -> where it is set.
    """
    path = ".".join([*place, *(str(part) for part in details["loc"])])
    where = origin(path)
    if details["type"] == "extra_forbidden":
        meant = _meant(model, details["loc"])
        hint = f" Did you mean `{'.'.join([*place, meant])}`?" if meant else ""
        return f"unknown parameter `{path}` ({where}).{hint}"
    if details["type"] == "missing":
        return f"`{path}` is missing: set it in {where}."
    expected = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(details["input"], Mapping) or details["type"] == "secret":
        return f"`{path}`: {expected} ({where})."
    return f"`{path}` is {details['input']!r}: {expected} ({where})."


def _meant(model: type[BaseModel] | None, loc: tuple[int | str, ...]) -> str:
    """The closest name in the block of `loc`, otherwise a parameter of the same name in another block, or ""."""
    name, parent = str(loc[-1]), ".".join(str(part) for part in loc[:-1])
    paths = list(_paths(model)) if model else []
    beside = [path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == parent]
    if close := closest(name, beside):
        return f"{parent}.{close}" if parent else close
    return next((path for path in paths if path.rpartition(".")[2] == name), "")


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Paths of all fields of a model, blocks included."""
    for name, field in model.model_fields.items():
        yield prefix + name
        for kind in get_args(field.annotation) or (field.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _paths(kind, f"{prefix}{name}.")
