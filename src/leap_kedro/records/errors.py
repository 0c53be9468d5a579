"""Errors that a user can fix, and messages about unknown names."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import IO, Any

import click


class UserError(click.ClickException):
    """Base class of every error that the user can fix.

    The message names the thing, the place and the next command. `kedro` and the programs of this package print it
    instead of a traceback and exit with 1, as click does for a `ClickException`.
    """

    def __str__(self) -> str:
        return self.message

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr."""
        click.secho(self.message, file=file, err=True, fg="red")


def described(error: BaseException) -> str:
    """An exception's class and message, as episodes record it."""
    return f"{type(error).__name__}: {error}"


def in_one_line(error: BaseException) -> str:
    """The first line of `described`, for messages."""
    return described(error).strip().partition("\n")[0]


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one probably means; None if no name is close."""
    return next(iter(get_close_matches(name, list(known), n=1)), None)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Message for a name that is not known: the name, the closest known one, and all known ones.

    Args:
        kind: What is named, with its place if it has one ("environment", "parameter `rollout.policy`").
        name: The name given.
        known: All names that would have been right.
    """
    names = list(known)
    found = closest(name, names)
    hint = f" Did you mean '{found}'?" if found else ""
    return f"Unknown {kind} '{name}'.{hint} Known: {', '.join(names) or 'none'}."
