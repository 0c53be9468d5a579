"""Reading the answers of a server by paths, and filling placeholders."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from leap_kedro.environments.core import Facts
from leap_kedro.records import PrivilegedState

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_STATE_FIELDS = frozenset(PrivilegedState.__slots__)


class Absent(Exception):
    """A path leads nowhere."""


def found(document: Any, path: str) -> Any:
    """What is at a path. Raises `Absent` if there is nothing."""
    for name in path.split("."):
        if isinstance(document, Mapping) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.lstrip("-").isdigit() and -len(document) <= int(name) < len(document):
            document = document[int(name)]
        else:
            raise Absent(path)
    return document


def filled(template: Any, values: Mapping[str, str | int | float | bool]) -> Any:
    """A template with its placeholders replaced; a text that is one placeholder becomes the value itself."""
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, Sequence) and not isinstance(template, str):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda place: str(values.get(place[1], place[0])), template)


def outline(document: Mapping[str, Any]) -> str:
    """The paths that a document has, for messages."""
    paths: list[str] = []
    for name, value in document.items():
        inside = value if isinstance(value, Mapping) and value else {}
        paths += [f"{name}.{inner}" for inner in inside] or [name]
    return ", ".join(paths) or "nothing"


def facts(told: Any) -> Facts:
    """Privileged facts as a server tells them.

    Raises:
        TypeError: If they are no text, no texts, and nothing with names.
    """
    if isinstance(told, Mapping):
        if told.keys() == _STATE_FIELDS:
            essentials, sentences, plan = (
                tuple(map(str, told[name] or ())) for name in ("essentials", "facts", "plan")
            )
            return PrivilegedState(str(told["task"]), essentials, sentences, plan)
        return {str(name): str(value) for name, value in told.items()}
    if isinstance(told, list):
        return [str(each) for each in told]
    if isinstance(told, str):
        return told
    raise TypeError(f"privileged facts are a text, texts, or values by name, and not {type(told).__name__}")
