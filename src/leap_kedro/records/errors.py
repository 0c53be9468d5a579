"""Errors that a user can fix."""

from typing import IO, Any

import click


class UserError(click.ClickException):
    """Base class of every error that the user can fix.

    The message names the thing, the place and the next command. `kedro` and the programs of this package print it
    instead of a traceback and exit with 1, whatever raised it: click does so for a `ClickException`.
    """

    def __str__(self) -> str:
        return self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr."""
        click.secho(self.message, file=file, err=True, fg="red")
