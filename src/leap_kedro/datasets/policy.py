"""Policies in folders, which are finished only with the marker `_SUCCESS`."""

import errno
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.errors import StorageError, writing
from leap_kedro.records.atomic import replaced_folder

SUCCESS = "_SUCCESS"
CARD = "policy.json"


@dataclass(frozen=True, slots=True)
class SavedPolicy:
    """A policy's folder and its place in the loop.

    Attributes:
        id: Name of the policy: ``base``, ``pi_0``, ``pi_1`` ...
        iteration: k of pi_k; -1 for the base model.
        folder: Folder with the model's files (config, weights, tokenizer).
    """

    id: str
    iteration: int
    folder: Path


def read_policy(folder: Path) -> SavedPolicy:
    """The policy in a folder that a `PolicyFolderDataset` wrote.

    Raises:
        StorageError: If there is no finished policy.
    """
    if not (folder / SUCCESS).is_file():
        raise StorageError(
            f"No finished policy in {folder} (no {SUCCESS} marker): the training that writes it has not finished. "
            "Run `kedro run --pipelines=leap_iteration`, which runs what is missing."
        )
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return SavedPolicy(id=card["id"], iteration=card["iteration"], folder=folder)


class PolicyFolderDataset(PathDataset[SavedPolicy, SavedPolicy]):
    """A policy's folder. Saving moves the folder of the training to this place by renaming."""

    def load(self) -> SavedPolicy:
        """The policy, without reading the model's files. Raises `StorageError` if it is not finished."""
        return read_policy(self._path)

    def save(self, data: SavedPolicy) -> None:
        """Mark `data.folder` as finished and move it into place.

        A single rename never loses a trained policy; to another file system the folder is copied. A policy that is
        already in place is not changed.

        Raises:
            StorageError: If it cannot be written; `data.folder` is then kept.
        """
        if not data.folder.is_dir():
            if self._exists():
                return
            raise StorageError(
                f"{data.id} is neither in {self._path} nor in {data.folder}, the folder of its training. Delete the "
                "report of the training (training_report.json, beside the latter), then run the same command again: "
                "it trains the policy again."
            )
        card = {"id": data.id, "iteration": data.iteration}
        with writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists():
                shutil.rmtree(self._path)
            (data.folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
            (data.folder / SUCCESS).touch()
            try:
                data.folder.rename(self._path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with replaced_folder(self._path) as temporary:
                    shutil.copytree(data.folder, temporary)

    def _exists(self) -> bool:
        return (self._path / SUCCESS).is_file()
