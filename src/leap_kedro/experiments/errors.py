"""Refusals that a user can act on."""

from kedro.framework.cli.utils import KedroCliError


class RunRefused(KedroCliError):
    """The run was not begun; the message says why and what to do.

    A `ClickException`, so that `kedro run` prints the message instead of a traceback.
    """

    def __str__(self) -> str:
        return self.message
