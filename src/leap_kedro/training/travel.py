"""Files of a training that travel between the driver and machines without shared storage, and their paths there."""

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leap_kedro.compute.node_files import Files, read_files, write_files
from leap_kedro.records.atomic import replaced_folder
from leap_kedro.training.adapters import ADAPTER, BASE, recorded_base
from leap_kedro.training.checkpoints import MARKER, whole
from leap_kedro.training.models import best_folder
from leap_kedro.training.parameters import Job

CHECKPOINTS, POLICY = "checkpoints", "policy"
_BASE = "base"
POLICIES = (POLICY, best_folder(Path(POLICY)).name)


class Luggage:
    """The files that a training reads, which have other paths on another machine."""

    def __init__(self, job: Job) -> None:
        """Find them: the starting policy, the base of its adapter, data, checkpoints and the file of accelerate."""
        base = recorded_base(job.start, job.parameters.lora)
        given = {
            "start": job.start,
            _BASE: base and base[0],
            "data.npz": job.data,
            "validation.npz": job.validation,
            "accelerate.yaml": job.parameters.accelerate,
        }
        self._job = job
        self._paths = {name: path.resolve() for name, path in given.items() if path is not None}

    def content(self) -> Files:
        """The contents, with those of complete checkpoints."""
        files: Files = {}
        checkpoints = {f"{CHECKPOINTS}/{path.parent.name}": path.parent for path in whole(self._job.checkpoints)}
        for name, path in (self._paths | checkpoints).items():
            read = read_files(path.parent, [path.name])
            files |= {name + each.removeprefix(path.name): content for each, content in read.items()}
        record = f"start/{ADAPTER}/{BASE}"
        if _BASE in self._paths:
            moved = {**json.loads(files[record].tobytes()), "folder": f"../../{_BASE}"}
            files[record] = _bytes(json.dumps(moved))
        return files

    def there(self, folder: Path) -> Job:
        """The job with the paths of the files in `folder` of another machine."""
        paths = {name: folder / name for name in self._paths}
        parameters = self._job.parameters.model_copy(update={"accelerate": paths.get("accelerate.yaml")})
        return self._job.model_copy(
            update={
                "start": paths["start"],
                "data": paths["data.npz"],
                "validation": paths.get("validation.npz"),
                "parameters": parameters,
                "checkpoints": folder / CHECKPOINTS,
                "target": folder / POLICY,
            }
        )

    def here(self, text: str, folder: Path) -> str:
        """A text of another machine with the paths that the files have here."""
        for name, path in self._paths.items():
            text = text.replace(str(folder / name), str(path))
        return text

    def bring_policies(self, files: Files, folder: Path) -> None:
        """Write the trained policies of another machine's `folder` to where the job wants them."""
        for name in POLICIES:
            parts = {each.removeprefix(f"{name}/"): content for each, content in files.items()}
            found = {each: content for each, content in parts.items() if f"{name}/{each}" in files}
            for each in [each for each in found if each.endswith(".json")]:
                found[each] = _bytes(self.here(found[each].tobytes().decode(), folder))
            target = self._job.target if name == POLICY else best_folder(self._job.target)
            if found:
                with replaced_folder(target) as temporary:
                    write_files(temporary, found)
            else:
                shutil.rmtree(target, ignore_errors=True)

    def bring_checkpoint(self, name: str, files: Files) -> None:
        """Write a checkpoint of that name, if `files` has it whole."""
        prefix = f"{CHECKPOINTS}/{name}/"
        if prefix + MARKER in files:
            with replaced_folder(self._job.checkpoints / name) as temporary:
                write_files(temporary, {each.removeprefix(prefix): content for each, content in files.items()})


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)
