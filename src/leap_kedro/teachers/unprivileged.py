"""An unprivileged expert's options, given the list of admissible actions."""

from collections.abc import Sequence
from copy import deepcopy

from leap_kedro.environments.protocol import Environment, Expert, ExpertStuck, Option
from leap_kedro.teachers.checks import is_executable

_TRIES = 5  # an expert may be wrong about several places in a row


def executable_options(
    expert: Expert, environment: Environment, admissible: Sequence[str] | None
) -> tuple[Option, ...]:
    """The expert's current options, with an executable first choice; empty if it has none.

    An expert that follows only the text may choose an action that the list of admissible actions rules out. Then a copy
    of the expert observes the environment's refusal and decides again; the expert itself does not learn more than the
    text.
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
