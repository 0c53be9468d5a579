"""The folders of an experiment: `data/<layer>/<experiment>/iter_<k>/...`."""

import json
import re
import shutil
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from leap_kedro.datasets.errors import writing
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.records.atomic import replaced_folder

_RECORDS = "00_experiments"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment of a project.

    Attributes:
        data: The project's `data` folder.
        name: Name of the experiment.
    """

    data: Path
    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RunRefused(
                f"Parameter `experiment` is '{self.name}': expected letters, digits, '_', '.', '-' "
                "(it is the name of a folder). Give another one with --params=experiment=NAME."
            )

    @property
    def record_folder(self) -> Path:
        """Folder of the experiment's own records: parameters, lock, manifests."""
        return self.data / _RECORDS / self.name

    def manifest_path(self, iteration: int) -> Path:
        """File that exists exactly when `iteration` is finished."""
        return self.record_folder / f"iter_{iteration}" / "manifest.json"

    def finished(self, iteration: int) -> bool:
        """Whether an iteration is finished."""
        return self.manifest_path(iteration).is_file()

    def next_iteration(self) -> int:
        """The first iteration, from 1, that is not finished."""
        return next(iteration for iteration in count(1) if not self.finished(iteration))

    def finished_iterations(self) -> tuple[int, ...]:
        """The finished iterations, from 1."""
        return tuple(range(1, self.next_iteration()))

    def read_manifest(self, iteration: int) -> dict[str, Any]:
        """The manifest of a finished iteration."""
        manifest: dict[str, Any] = json.loads(self.manifest_path(iteration).read_text(encoding="utf-8"))
        return manifest

    def folders(self) -> tuple[Path, ...]:
        """All folders of the experiment, one per layer."""
        return tuple(sorted(path for path in self.data.glob(f"*/{self.name}") if path.is_dir()))

    def start_as(self, other: "Experiment") -> None:
        """Copy the tasks and iteration 0 of another experiment, which differs from this one only in later stages.

        Raises `StorageError` if the system refuses.
        """
        for source in other.folders():
            if source == other.record_folder:
                continue
            target = self.data / source.parent.name / self.name
            with writing(target), replaced_folder(target) as temporary:
                later = [path.name for path in source.iterdir() if path.is_dir() and path.name != "iter_0"]
                shutil.copytree(source, temporary, ignore=partial(_at_the_top, source, later))

    def delete(self) -> None:
        """Delete the experiment's files, its record last. Raises `StorageError` if the system refuses."""
        for folder in sorted(self.folders(), key=lambda path: path == self.record_folder):
            with writing(folder):
                shutil.rmtree(folder)


def _at_the_top(top: Path, names: list[str], folder: str, found: list[str]) -> list[str]:
    """For `shutil.copytree`: those of the names that are in the folder `top` itself."""
    return [name for name in found if Path(folder) == top and name in names]


def experiment_names(data: Path) -> tuple[str, ...]:
    """Names of the experiments in a project's `data` folder."""
    return tuple(sorted(path.name for path in (data / _RECORDS).glob("*") if path.is_dir()))


def next_iteration(data: str, experiment: str) -> int:
    """The first iteration that is not finished: the resolver of the parameter `iteration`.

    An invalid name of an experiment is refused when the parameters are checked.
    """
    return Experiment(Path(data), experiment).next_iteration() if _NAME.fullmatch(str(experiment)) else 1
