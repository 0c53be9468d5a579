"""What is wrong with a parameter, in words."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails


def complaint(
    model: type[BaseModel] | None,
    place: tuple[str, ...],
    details: ErrorDetails,
    origin: Callable[[str], str],
) -> str:
    """What is wrong with a value, in one sentence with its path and the closest name.

    Args:
        model: The model that refused it; None: unknown.
        place: Path of the model's block.
        details: What pydantic says.
        origin: Path of a parameter -> where it is set.
    """
    path = ".".join([*place, *(str(part) for part in details["loc"])])
    where = origin(path)
    if details["type"] == "extra_forbidden":
        close = get_close_matches(str(details["loc"][-1]), _names_beside(model, details["loc"]), n=1)
        hint = f" Did you mean `{'.'.join([*path.split('.')[:-1], close[0]])}`?" if close else ""
        return f"`{path}` is an unknown parameter ({where}).{hint}"
    if details["type"] == "missing":
        return f"`{path}` is missing: set it in {where}."
    expected = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(details["input"], Mapping) or details["type"] == "secret":
        return f"`{path}`: {expected} ({where})."
    return f"`{path}` is {details['input']!r}: {expected} ({where})."


def _names_beside(model: type[BaseModel] | None, loc: tuple[int | str, ...]) -> list[str]:
    for part in loc[:-1]:
        field = model.model_fields.get(str(part)) if model else None
        annotation = field.annotation if field else None
        model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return list(model.model_fields) if model else []
