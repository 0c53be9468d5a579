"""The manifests of iterations, and the history: what later iterations read of earlier ones.

Kedro's graph has no cycles, so an iteration reads pi_{k-1} and D_0..D_{k-1} through the dataset `history`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.datasets.base import PathDataset
from leap_kedro.datasets.json import read_json
from leap_kedro.datasets.policy import SavedPolicy, read_policy
from leap_kedro.datasets.records import read_records
from leap_kedro.records import Example
from leap_kedro.records.hashing import content_hash

PLACE = "[k]"
"""Placeholder of the iteration in a path."""

SECONDS = "seconds.json"
"""File beside a manifest: seconds by node, which a hook adds up over interrupted runs."""


@dataclass(frozen=True, slots=True)
class Iteration:
    """A finished iteration of the loop; iteration 0 is its start.

    Attributes:
        manifest: Its manifest.
        policy_folder: Folder of pi_k.
        examples_file: File of D_k.
    """

    manifest: Mapping[str, Any]
    policy_folder: Path
    examples_file: Path

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """Evaluation summaries of the iteration, as plain values; in iteration 0 the base model's come first."""
        return list(self.manifest["evaluations"])

    def policy(self) -> SavedPolicy:
        """pi_k. Raises `StorageError` if it is missing."""
        return read_policy(self.policy_folder)

    def examples(self) -> list[Example]:
        """D_k. Raises `StorageError` if the file is missing or malformed."""
        return read_records(self.examples_file, Example)


class ManifestDataset(PathDataset[Mapping[str, Any], dict[str, Any]]):
    """The manifest of an iteration, which exists exactly when the iteration is finished.

    Saving adds the hashes of the iteration's files and the seconds of each node. If nodes run again and the files are
    the same, the existing manifest is kept, because it states when and with what they were made.
    """

    def __init__(
        self, filepath: str, files: Mapping[str, Mapping[str, str]], metadata: dict[str, Any] | None = None
    ) -> None:
        """Describe the places.

        Args:
            filepath: File of the manifest.
            files: ``path`` of files and folders to hash, as glob patterns, each under any name.
            metadata: For Kedro plugins.
        """
        super().__init__(filepath, metadata)
        self._patterns = tuple(place["path"] for place in files.values())

    def load(self) -> dict[str, Any]:
        """The manifest. Raises `StorageError` if it is missing or malformed."""
        return dict(read_json(self._path))

    def save(self, data: Mapping[str, Any]) -> None:
        """Hash the files and write the manifest. Raises `StorageError` if it cannot be written."""
        hashes = {path.stem: content_hash(path) for path in self._files()}
        if hashes and self._exists() and read_json(self._path)["data"] == hashes:
            return
        seconds = self._path.with_name(SECONDS)
        manifest = {**data, "data": hashes, "seconds": read_json(seconds) if seconds.is_file() else {}}
        write_text(self._path, json.dumps(manifest, indent=2, sort_keys=True))

    def _files(self) -> list[Path]:
        found = {Path(name) for pattern in self._patterns for name in glob(pattern)}
        return sorted(path for path in found if path.parent != self._path.parent and path.name != "workspace")


class HistoryDataset(ManifestDataset):
    """The finished iterations by number. Saving writes the manifest of iteration 0, the start of the loop."""

    def __init__(
        self,
        filepath: str,
        files: Mapping[str, Mapping[str, str]],
        policy: Mapping[str, str],
        examples: Mapping[str, str],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Describe the places, with `[k]` for the iteration unless there is only iteration 0.

        Args:
            filepath: Files of the manifests.
            files: As for `ManifestDataset`, of iteration 0.
            policy: ``path`` of the policies' folders.
            examples: ``path`` of the files of D_k.
            metadata: For Kedro plugins.
        """
        super().__init__(filepath.replace(PLACE, "0"), files, metadata)
        self._manifest, self._policy, self._examples = filepath, policy["path"], examples["path"]

    def load(self) -> dict[int, Iteration]:  # type: ignore[override]
        """Number -> finished iteration, from 0. Raises `StorageError` if a manifest is malformed."""
        found: dict[int, Iteration] = {}
        while self._place(self._manifest, len(found)).is_file() and (not found or PLACE in self._manifest):
            k = len(found)
            places = self._place(self._policy, k), self._place(self._examples, k)
            found[k] = Iteration(read_json(self._place(self._manifest, k)), *places)
        return found

    def _place(self, pattern: str, iteration: int) -> Path:
        return Path(pattern.replace(PLACE, str(iteration)))
