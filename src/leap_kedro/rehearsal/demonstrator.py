"""Who demonstrates in a rehearsal."""

from leap_kedro.pipelines.bootstrap.given import is_given
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.bootstrap.prompted import is_prompted
from leap_kedro.teachers.unprivileged import NO_EXPERT

_RANDOM = 0.9  # share of random actions


def stand_in_demonstrator(parameters: BootstrapParameters, count: int) -> BootstrapParameters:
    """`count` demonstrations, by random play instead of a language model or a file: a rehearsal makes no calls."""
    parameters = parameters.model_copy(update={"demonstrations": count})
    if is_prompted(parameters.demonstrator) or is_given(parameters.demonstrator):
        return parameters.model_copy(update={"demonstrator": NO_EXPERT, "noise": _RANDOM})
    return parameters
