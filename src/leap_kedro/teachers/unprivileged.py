"""The options of an unprivileged expert, restricted to admissible actions."""

from collections.abc import Sequence
from copy import deepcopy

from leap_kedro.environments.protocol import Environment, Expert, ExpertStuck, Option
from leap_kedro.teachers.checks import is_executable

_TRIES = 5  # an expert may be wrong about several places in a row


def executable_options(
    expert: Expert, environment: Environment, admissible: Sequence[str] | None
) -> tuple[Option, ...]:
    """The expert's options now, the first of them executable; empty if it has none.

    An expert that chooses by the text alone may choose an action that is not admissible. Then a copy of it observes
    what the environment would answer and chooses again; the expert itself learns nothing that the text did not show.
    """
    for _ in range(_TRIES):
        try:
            options = expert.options()
        except ExpertStuck:
            return ()
        action = options[0].decision.action
        if is_executable(action, admissible):
            return tuple(options)
        expert = deepcopy(expert)
        expert.observe(action, environment.step(action).observation.text)  # refused, so nothing changes
    return ()
