"""Tables of parameters, from the pydantic models: name, type, default and meaning.

Types and constraints are those of the fields, meanings those of the docstrings, defaults those of conf/base, of an
environment's defaults.yml, or of the model.
"""

from collections.abc import Collection, Iterator
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import griffe
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from leap_kedro.environments.registry import GROUP, environment_folder, options_model
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.records.parameters import free_names

ROOT = Path(__file__).parents[2]
PLAIN = {
    bool: "true or false",
    int: "integer",
    float: "number",
    str: "text",
    Path: "path",
    dict: "mapping",
    tuple: "list",
    None: "`null`",
}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
HEADER = "| parameter | type | default | meaning |\n|---|---|---|---|\n"


def table(*paths: str) -> str:
    """The table of blocks (``rollout``, ``correction.teacher``) or of single top-level parameters."""
    rows: list[str] = []
    for path in paths:
        model, field = field_at(LeapParameters, path)
        block = block_of(field)
        default = configured(path, yaml_of("conf/base/parameters.yml"))
        rows += rows_of(block, path, yaml_of("conf/base/parameters.yml")) if block else [row(model, path, default)]
        if block and None in values_of(field.annotation):
            rows.insert(0, row(model, path, default))
    return HEADER + "\n".join(rows)


def options_table(environment: str) -> str:
    """The table of an environment's options."""
    model, folder = options_model(environment), environment_folder(environment)
    if model is None or folder is None:
        return "It has no options."
    defaults = yaml.safe_load((folder / "defaults.yml").read_text(encoding="utf-8"))
    return HEADER + "\n".join(rows_of(model, f"environments.{environment}", defaults))


def environments() -> list[str]:
    """Names of the environments of this package; others may be installed."""
    found = entry_points(group=GROUP)
    return sorted(entry.name for entry in found if entry.module.startswith("leap_kedro."))


def free_table() -> str:
    """Which parameters may change within an experiment, by block."""
    blocks: dict[str, list[str]] = {}
    for path in free_paths(LeapParameters):
        block, _, name = path.rpartition(".")
        blocks.setdefault(block, []).append(name)
    rows = [f"| {f'`{block}`' if block else 'the run'} | {_listed(names)} |" for block, names in blocks.items()]
    options = [
        f"environments.{name}.{free}"
        for name in environments()
        if (model := options_model(name))
        for free in free_paths(model)
    ]
    return "\n".join(["| of | parameters |", "|---|---|", *rows, f"| the environments | {_listed(options)} |"])


def free_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted paths of the fields that are marked as `Free`; of a free block only its own path."""
    for name, field in model.model_fields.items():
        if name in free_names(model):
            yield prefix + name
        elif block := block_of(field):
            yield from free_paths(block, f"{prefix}{name}.")


def rows_of(model: type[BaseModel], path: str, values: dict[str, Any]) -> list[str]:
    """Rows of all fields of a block, inner blocks included."""
    rows: list[str] = []
    for name, field in model.model_fields.items():
        inner = f"{path}.{name}"
        rows.append(row(model, inner, configured(inner, values)))
        if block := block_of(field):
            rows += rows_of(block, inner, values)
    return rows


def row(model: type[BaseModel], path: str, configured_value: Any) -> str:
    """The row of one parameter; `configured_value` is that of the files, or `...`."""
    name = path.rpartition(".")[2]
    field = model.model_fields[name]
    default = _default(field) if configured_value is ... or block_of(field) else _shown(configured_value)
    cells = (f"`{path}`", _type(field), default, _meaning(model, name))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def configured(path: str, values: Any) -> Any:
    """The value of a dotted path in a file of configuration, or `...`."""
    for name in path.split("."):
        if not isinstance(values, dict) or name not in values:
            return ...
        values = values[name]
    return values


def field_at(model: type[BaseModel], path: str) -> tuple[type[BaseModel], FieldInfo]:
    """The model with the field at a dotted path, and the field."""
    *blocks, name = path.split(".")
    for block in blocks:
        inner = block_of(model.model_fields[block])
        if inner is None:
            raise KeyError(path)
        model = inner
    return model, model.model_fields[name]


def values_of(annotation: Any) -> list[Any]:
    """The possible kinds of a field: types, values of a Literal, and None."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return values_of(arguments[0])
    if get_origin(annotation) is Literal:
        return list(arguments)
    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and issubclass(kind, Collection) and kind is not str:
        return [next((plain for plain in (dict, tuple) if issubclass(plain, kind)), kind)]
    if arguments:
        return [value for argument in arguments for value in values_of(argument)]
    return [None if annotation is NoneType else kind]


def block_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a field that is a block."""
    kinds = [kind for kind in values_of(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return kinds[0] if kinds else None


@cache
def yaml_of(path: str) -> dict[str, Any]:
    """A file of configuration, not resolved."""
    read: dict[str, Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return read


def _type(field: FieldInfo) -> str:
    names: list[str] = []
    for kind in values_of(field.annotation):
        if isinstance(kind, type) and issubclass(kind, Enum):
            names += [f"`{member.value}`" for member in kind]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            names.append("block")
        else:
            names.append(PLAIN.get(kind) or _shown(kind))
    limits = [
        f"{sign} {value}"
        for name, sign in SIGNS.items()
        for item in field.metadata
        if (value := getattr(item, name, None)) is not None
    ]
    first = f"{names[0]} {' and '.join(limits)}" if limits else names[0]
    return ", ".join([first, *names[1:]])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "of the environment"
    value = field.get_default(call_default_factory=True)
    return "" if isinstance(value, BaseModel) else _shown(value.value if isinstance(value, Enum) else value)


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.startswith("${"):
        return "computed"
    if isinstance(value, str | Path):
        return f"`{value}`"
    written = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return f"`{written.splitlines()[0]}`"


def _meaning(model: type[BaseModel], name: str) -> str:
    text = _plain(_attributes(model).get(name, ""))
    field = model.model_fields[name]
    members = [
        f"`{member.value}`: {_plain(told)}"
        for kind in values_of(field.annotation)
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
        if (told := _member(kind, member.name))
    ]
    return " ".join([text, *members])


def _plain(text: str) -> str:
    """Text of a docstring as Markdown, with the names of YAML."""
    return " ".join(text.split()).replace("``", "`").replace("None", "`null`").replace("``", "`")


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Name -> meaning, from the docstrings of a model and its bases."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.partition(".")[0] == "leap_kedro":
            docstring = _source(base).docstring
            for section in docstring.parse("google") if docstring else ():
                if section.kind is griffe.DocstringSectionKind.attributes:
                    found |= {attribute.name: attribute.description for attribute in section.value}
    return found


def _member(kind: type[Enum], name: str) -> str:
    docstring = _source(kind).members[name].docstring
    return docstring.value if docstring else ""


def _source(kind: type) -> griffe.Object:
    found: griffe.Object = _package()[f"{kind.__module__}.{kind.__qualname__}".removeprefix("leap_kedro.")]
    return found


@cache
def _package() -> Any:
    return griffe.load("leap_kedro", search_paths=[ROOT / "src"])


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
