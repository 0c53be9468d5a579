"""What can go wrong with OpenEnv, apart from the environment itself."""

import os

from leap_kedro.environments.protocol import EnvironmentFailure, TaskDataError
from leap_kedro.records import UserError

SECRET_VARIABLE = "LEAP_OPENENV_SECRET"
"""Environment variable with the secret for which a server tells privileged facts. It is never an option."""

PACKAGE = "openenv"
INSTALL = f'pip install -c constraints.txt "leap_kedro[openenv]" && pip install --no-deps "{PACKAGE}>=0.10,<0.11"'
"""What installs the extra. Without --no-deps, `openenv` brings a web interface that contradicts constraints.txt."""


class MissingPackage(EnvironmentFailure, ImportError):
    """A package of the extra ``[openenv]`` is not installed."""

    def __init__(self, name: str | None) -> None:
        """Name the package, and the command that installs it."""
        super().__init__(f"The package '{name}' is not installed. Install the extra:  {INSTALL}")


class CannotServe(UserError):
    """The server cannot start."""


class NoSuchTask(UserError):
    """The environment has no such split or task."""


class WrongSecret(UserError):
    """A client gave a secret that is not the server's."""


class NotPlaying(UserError):
    """A step without an episode: before the first reset, or after the end."""


class DoesNotRepeat(TaskDataError):
    """A server answers differently when a task is played again."""


def given_secret() -> str | None:
    """The secret of the environment variable; None if it is not set or empty."""
    return os.environ.get(SECRET_VARIABLE) or None
