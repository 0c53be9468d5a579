"""What a teacher says about a step, before anybody checked it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """A reason and an action for one step: untrusted where a language model wrote them.

    Attributes:
        reason: Reason that the student should give.
        action: Action that it should take.
    """

    reason: str
    action: str
