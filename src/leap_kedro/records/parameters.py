"""The base class of all parameters, and the mark of those that may change within an experiment."""

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict

_T = TypeVar("_T")
_FREE = object()

Free = Annotated[_T, _FREE]
"""A parameter that may differ between runs of one experiment, as in ``threads: Free[int] = 1``.

It affects speed, memory or cost, or selects the run, but no result of the loop depends on it. Everything inside a free
block is free. An experiment records all other parameters, and a checkpoint is valid only for the same values of them.
"""


Overrides = dict[str, Any]
"""Values of single parameters of a shared block, by name: what `StrictModel.overridden` takes."""


class StrictModel(BaseModel):
    """An immutable model that refuses unknown names, so that a misspelt parameter is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def overridden(self, values: Mapping[str, Any]) -> Self:
        """This block with some values replaced and checked; an inner block is overridden value by value.

        Raises:
            ValidationError: If a name is unknown or a value is wrong.
        """
        return type(self).model_validate(_overridden(self, values))


def _overridden(model: BaseModel, values: Mapping[str, Any]) -> dict[str, Any]:
    merged = {name: getattr(model, name) for name in type(model).model_fields}
    for name, value in values.items():
        present = merged.get(name)
        inside = isinstance(present, BaseModel) and isinstance(value, Mapping)
        merged[name] = _overridden(cast(BaseModel, present), value) if inside else value
    return {name: value.model_dump() if isinstance(value, BaseModel) else value for name, value in merged.items()}


def free_names(model: type[BaseModel]) -> set[str]:
    """Names of the fields of a model that are marked as `Free`."""
    return {name for name, field in model.model_fields.items() if _FREE in field.metadata}


def binding(model: BaseModel) -> dict[str, Any]:
    """The values on which results depend, as plain JSON: all except those marked as `Free`, at any depth."""
    return model.model_dump(mode="json", exclude=_free_tree(model))


def _free_tree(model: BaseModel) -> dict[str, Any]:
    """The free fields, in the form of pydantic's `exclude`."""
    tree: dict[str, Any] = dict.fromkeys(free_names(type(model)), True)
    for name in type(model).model_fields.keys() - tree.keys():
        value = getattr(model, name)
        if isinstance(value, BaseModel) and (inner := _free_tree(value)):
            tree[name] = inner
    return tree
