"""The logged parameters: those on an allow-list, and never a secret.

The allow-list is the protection. Secrets are redacted as well, in case the list is too wide (``"*"``).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from leap_kedro.records.secrets import REDACTED, has_secret

_SECRET_NAME = re.compile(r"(^|[_.-])(api_?key|key|token|secret|pass(word|wd)?|credentials?|auth(orization)?)$", re.I)
_LONGEST = 6000  # characters of a value, MLflow's limit


def loggable(parameters: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, str]:
    """The nested parameters whose dotted names match a pattern, with secrets redacted, cut at MLflow's limit."""
    patterns = tuple(allowed)
    return {
        name: REDACTED if _SECRET_NAME.search(name) or has_secret(text) else text[:_LONGEST]
        for name, text in _leaves(parameters)
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def _leaves(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and value of each parameter; a list is one value."""
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, default=str)
