"""What parameters are made of: the base of their models, and the mark of those that may change in an experiment."""

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict

_T = TypeVar("_T")
_FREE = object()

Free = Annotated[_T, _FREE]
"""A parameter that may differ from run to run of one experiment, as in ``threads: Free[int] = 1``.

It changes speed, memory or cost, or it says which run is meant, but no result of the loop depends on it. Everything
below a free block is free. An experiment records all other parameters, and a checkpoint belongs to a training with the
same values of all others.
"""


Overrides = dict[str, Any]
"""Values of single parameters of a shared block, by name: what `StrictModel.overridden` takes."""


class StrictModel(BaseModel):
    """Immutable, and an unknown name is an error: a misspelt parameter must not be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def overridden(self, values: Mapping[str, Any]) -> Self:
        """This block with single values replaced, checked again; a block inside it is overridden value by value.

        Raises:
            ValidationError: If a name is unknown, or a value wrong.
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
    """The values that results depend on, as JSON has them: all but those marked as `Free`, at any depth."""
    return model.model_dump(mode="json", exclude=_free_tree(model))


def _free_tree(model: BaseModel) -> dict[str, Any]:
    """What is free, in the form that pydantic's `exclude` takes."""
    tree: dict[str, Any] = dict.fromkeys(free_names(type(model)), True)
    for name in type(model).model_fields.keys() - tree.keys():
        value = getattr(model, name)
        if isinstance(value, BaseModel) and (inner := _free_tree(value)):
            tree[name] = inner
    return tree
