"""Refusals that a user can act on."""

from leap_kedro.records import UserError


class RunRefused(UserError):
    """The run was not begun, or cannot go on; the message says why and what to do."""
