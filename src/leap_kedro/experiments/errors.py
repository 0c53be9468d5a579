"""Refusals that a user can act on."""

from typing import IO, Any

import click


class RunRefused(click.ClickException):
    """The run was not begun, or cannot go on; the message says why and what to do.

    A `ClickException`, so that `kedro run` prints the message instead of a traceback.
    """

    def __str__(self) -> str:
        return self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr."""
        click.secho(self.message, file=file, err=True, fg="red")
