"""Privileged state: facts that the teacher may see and the student never sees at test time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrivilegedState:
    """The teacher-only facts about one task at one moment (LEAP, arXiv 2410.05434, section 3).

    Attributes:
        task: The goal.
        essentials: Names of the entities that the goal needs ("mug 2", "desk 1").
        facts: Their places and states, one sentence each ("mug 2 is in drawer 3.").
        plan: A shortest sequence of actions from the present state to the goal.
    """

    task: str
    essentials: tuple[str, ...]
    facts: tuple[str, ...]
    plan: tuple[str, ...]
