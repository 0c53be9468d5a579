"""The prompts of teachers: those that the environments ship, and the user's own in their place."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from leap_kedro.datasets.errors import StorageError
from leap_kedro.environments.registry import REGISTERED, environment_folder

_SUFFIX = ".jinja"


class PromptsDataset(AbstractDataset[Any, dict[str, str]]):
    """Jinja templates by "environment/name". Read-only: people write them.

    An environment ships ``prompts/NAME.jinja`` in its folder. A file ``<environment>/NAME.jinja`` in one of `folders`
    replaces the shipped template of that name, or adds one.
    """

    def __init__(self, folders: Sequence[str], metadata: dict[str, Any] | None = None) -> None:
        """Describe the folders of the user's own templates.

        Args:
            folders: Folders that may be missing; a template in a later one replaces that in an earlier one.
            metadata: For Kedro plugins.
        """
        self._folders = [Path(folder) for folder in folders]
        self.metadata = metadata

    def load(self) -> dict[str, str]:
        """Name -> template, in order of the names. Raises `StorageError` if a file is not UTF-8."""
        found: dict[str, str] = {}
        for name in REGISTERED:
            found |= _templates(environment_folder(name) / "prompts", f"{name}/")
        for folder in self._folders:
            found |= _templates(folder, "")
        return dict(sorted(found.items()))

    def save(self, data: Any) -> None:
        """Nothing saves here."""
        raise NotImplementedError("Prompts are read-only.")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"folders": [str(folder) for folder in self._folders]}


def _templates(folder: Path, prefix: str) -> dict[str, str]:
    found = {}
    for file in folder.rglob(f"*{_SUFFIX}"):
        try:
            found[prefix + file.relative_to(folder).as_posix().removesuffix(_SUFFIX)] = file.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise StorageError(f"{file} is no text in UTF-8: {error}. Save it as UTF-8.") from error
    return found
