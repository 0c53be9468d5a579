"""The privileged block: the privileged state as text that a student reads before the opening."""

from leap_kedro.records import PrivilegedState


def privileged_block(state: PrivilegedState, privilege: int) -> str:
    """The hidden facts for a student that teaches itself: nothing at 0 %, the facts, and at 100 % also the plan.

    Args:
        state: Privileged state at the beginning of the episode.
        privilege: Privilege level, per cent.
    """
    if privilege == 0:
        return ""
    plan = [f"{action}." for action in state.plan] if privilege == 100 else []
    return " ".join([*state.facts, *plan])
