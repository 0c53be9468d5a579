"""An unprivileged expert's options, given the list of admissible actions; and what stands for an absent expert."""

from collections.abc import Sequence
from copy import deepcopy

from leap_kedro.environments.automatic import INTENTION
from leap_kedro.environments.protocol import Benchmark, Decision, Environment, Expert, ExpertStuck, Option
from leap_kedro.teachers.checks import is_executable

NO_EXPERT = "none"
"""Name of the expert of an environment without experts."""

PLANNER = "planner"
"""Name of the player that follows the plan of an environment's oracle, without saying why."""

_TRIES = 5  # an expert may be wrong about several places in a row


class NoExpert:
    """Stands for an expert: its only option is the student's own action, near which the oracle teacher stays.

    Attributes:
        preferred: The student's action at the current decision; "" for none.
    """

    def __init__(self) -> None:
        self.preferred = ""

    def start(self, opening: str) -> None:
        """See `Expert`; there is nothing to remember."""

    def observe(self, action: str, observation: str) -> None:
        """See `Expert`; there is nothing to remember."""

    def decide(self) -> Decision:
        """It decides nothing."""
        raise ExpertStuck

    def options(self) -> list[Option]:
        """None without the list of actions."""
        raise ExpertStuck

    def among(self, admissible: Sequence[str] | None) -> tuple[Option, ...]:
        """The preferred action, if it is executable."""
        if not self.preferred or not is_executable(self.preferred, admissible):
            return ()
        return (Option(intended(self.preferred), 1.0, self.preferred),)


def intended(action: str) -> Decision:
    """An action without a reason of its own."""
    return Decision(INTENTION.format(action=action), action)


def expert_of(benchmark: Benchmark, name: str, seed: int = 0) -> Expert:
    """The expert of that name; `NoExpert` for `NO_EXPERT` and `PLANNER`.

    Raises:
        UnknownExpert: If the benchmark has no such expert.
    """
    return NoExpert() if name in (NO_EXPERT, PLANNER) else benchmark.expert(name, seed)


def executable_options(
    expert: Expert, environment: Environment, admissible: Sequence[str] | None
) -> tuple[Option, ...]:
    """The expert's current options, with an executable first choice; empty if it has none.

    An expert that follows only the text may choose an action that the list of admissible actions rules out. Then a copy
    of the expert observes the environment's refusal and decides again; the expert itself does not learn more than the
    text.
    """
    if isinstance(expert, NoExpert):
        return expert.among(admissible)
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
