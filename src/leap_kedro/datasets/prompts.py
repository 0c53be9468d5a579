"""The prompts of teachers: general ones, those of the environments, and the user's own."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from leap_kedro.datasets.errors import StorageError
from leap_kedro.environments.registry import (
    GENERAL_PROMPTS,
    REGISTERED,
    UnknownEnvironment,
    environment_folder,
    environment_name,
)

_SUFFIX = ".jinja"


def read_prompts(folders: Sequence[Path], environment: str | None = None) -> dict[str, str]:
    """Jinja templates by "environment/name", in order of the names.

    An environment ships ``prompts/NAME.jinja`` in its folder; general templates stand for those that it lacks. A file
    ``<environment>/NAME.jinja`` in one of `folders` replaces the template of that name, or adds one.

    Args:
        folders: Folders, which may be missing; templates in later ones replace those in earlier ones.
        environment: An environment that may not be registered, see `environments.registry`.

    Raises:
        StorageError: If a file is not UTF-8.
    """
    found: dict[str, str] = {}
    for reference in dict.fromkeys([*REGISTERED, *([environment] if environment else [])]):
        with suppress(UnknownEnvironment):  # the check of parameters reports it if it is in use
            prefix = f"{environment_name(reference)}/"
            found |= _templates(GENERAL_PROMPTS, prefix) | _templates(environment_folder(reference) / "prompts", prefix)
    for folder in folders:
        found |= _templates(folder, "")
    return dict(sorted(found.items()))


def _templates(folder: Path, prefix: str) -> dict[str, str]:
    found = {}
    for file in folder.rglob(f"*{_SUFFIX}"):
        try:
            found[prefix + file.relative_to(folder).as_posix().removesuffix(_SUFFIX)] = file.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise StorageError(f"{file} is not text in UTF-8: {error}. Save it as UTF-8.") from error
    return found
