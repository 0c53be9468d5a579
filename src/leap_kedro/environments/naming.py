"""Names in privileged states."""

import re

from leap_kedro.records import PrivilegedState

_NUMBERED = re.compile(r"\b[a-z]+ \d+\b")


def names_of(state: PrivilegedState) -> tuple[str, ...]:
    """The essentials of a state, and every word with a number ("mug 2") in its facts and plan."""
    numbered = (name for sentence in (*state.facts, *state.plan) for name in _NUMBERED.findall(sentence))
    return tuple(dict.fromkeys((*state.essentials, *numbered)))
