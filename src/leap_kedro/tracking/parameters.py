"""Which parameters MLflow gets to see: those on an allow-list, and never a secret.

The allow-list is what protects; looking for secrets in what it lets through is a second fence for a list that is too
wide (``"*"``).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"(^|[_.-])(api_?key|key|token|secret|pass(word|wd)?|credentials?|auth(orization)?)$", re.I)
_SECRET_VALUE = re.compile(r"\b(sk|hf|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,}|://[^/\s:@]+:[^/\s@]+@|\bBearer\s+\S+", re.I)
_LONGEST = 6000  # characters of a value, MLflow's limit


class TrackingParameters(BaseModel):
    """What goes to MLflow.

    Attributes:
        logged_parameters: Patterns (``*`` stands for anything) of the dotted names of parameters that are logged.
        traced_episodes: Episodes of each evaluation that are logged as traces, about 0.2 s each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    logged_parameters: tuple[str, ...] = ()
    traced_episodes: int = Field(default=4, ge=0)


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted name and value of every leaf; lists are leaves."""
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def loggable(parameters: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, str]:
    """Parameters to be logged: on the allow-list, secrets blacked out, cut at MLflow's limit.

    Args:
        parameters: Raw nested parameters.
        allowed: Patterns of dotted names.
    """
    patterns = tuple(allowed)
    return {
        name: REDACTED if _is_secret(name, value) else _text(value)[:_LONGEST]
        for name, value in flatten(parameters)
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def digest(parameters: Mapping[str, Any]) -> str:
    """SHA-256 of raw parameters, hexadecimal, whatever the order of their names."""
    return sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _is_secret(name: str, value: Any) -> bool:
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(_text(value)))
