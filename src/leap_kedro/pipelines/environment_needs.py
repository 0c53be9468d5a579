"""What the parameters need of the environment, checked before a run."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.protocol import Benchmark, UnknownExpert
from leap_kedro.pipelines.bootstrap.given import is_given
from leap_kedro.pipelines.bootstrap.prompted import is_prompted
from leap_kedro.pipelines.correction.parameters import TeacherKind
from leap_kedro.teachers.unprivileged import NO_EXPERT, PLANNER

if TYPE_CHECKING:
    from leap_kedro.pipelines.parameters import LeapParameters

_PAGE = "docs/your_environment.md"


def unmet_by_environment(
    parameters: "LeapParameters", benchmark: Benchmark, origin: Callable[[str], str]
) -> Iterator[str]:
    """A sentence on each parameter that needs what the environment lacks, with what to use instead.

    Args:
        parameters: All parameters.
        benchmark: The environment.
        origin: Path of a parameter -> where it is set.
    """
    yield from _demonstrator(parameters, benchmark, origin)
    yield from _teacher(parameters, benchmark, origin)


def _demonstrator(parameters: "LeapParameters", benchmark: Benchmark, origin: Callable[[str], str]) -> Iterator[str]:
    path, name = "bootstrap.demonstrator", parameters.bootstrap.demonstrator
    if is_given(name) or is_prompted(name):
        return
    if name == PLANNER and Capability.PLAN not in capabilities(benchmark):
        yield (
            f"`{path}` is '{name}' ({origin(path)}), but the environment '{benchmark.name}' has neither `plan` nor "
            "`oracle`. Set it to the name of an expert, to openai:MODEL (a language model behind `server`), to base "
            f"(the base model, prompted), or to a file of episodes ({_PAGE})."
        )
    yield from _expert(path, name, benchmark, origin, "planner, base, openai:MODEL or a file of episodes")


def _teacher(parameters: "LeapParameters", benchmark: Benchmark, origin: Callable[[str], str]) -> Iterator[str]:
    path, teacher = "correction.teacher.kind", parameters.correction.teacher
    yield from _expert("correction.teacher.expert", teacher.expert, benchmark, origin, NO_EXPERT)
    if teacher.kind is TeacherKind.ORACLE and Capability.PLAN not in capabilities(benchmark):
        yield (
            f"`{path}` is 'oracle' ({origin(path)}), but the environment '{benchmark.name}' has neither `plan` nor "
            "`oracle`. Set it to llm (a language model behind `server`), to self (the student, given the privileged "
            f"facts), or to none ({_PAGE})."
        )


def _expert(path: str, name: str, benchmark: Benchmark, origin: Callable[[str], str], instead: str) -> Iterator[str]:
    if name in (NO_EXPERT, PLANNER):
        return
    try:
        benchmark.expert(name)
    except UnknownExpert as error:
        yield f"`{path}` is '{name}': {error} ({origin(path)}). Or set it to {instead}."
