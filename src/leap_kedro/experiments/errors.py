"""Refusals that a user can act on."""

from leap_kedro.records import UserError


class RunRefused(UserError):
    """The run was not started or cannot continue; the message says why and what to do."""
