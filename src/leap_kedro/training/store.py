"""Packed rows on disk: one uncompressed npz file of flat arrays, fast for tens of millions of tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any, overload
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from leap_kedro.records.atomic import replaced_file
from leap_kedro.training.packing import Packed

OF_TOKENS = ("input_ids", "ends")
OF_PREDICTIONS = tuple(field.name for field in fields(Packed) if field.name not in OF_TOKENS)


def write_packed(path: Path, packs: Iterable[Packed]) -> Path:
    """Writes packed rows to the file `path` (``.npz``), completely or not at all, and returns `path`.

    Memory is needed for the arrays only: 8 bytes per token and 16 per prediction.
    """
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in (*OF_TOKENS, *OF_PREDICTIONS)}
    lengths, predictions, depths = [], [], []
    for packed in packs:
        for name, parts in columns.items():
            parts.append(getattr(packed, name))
        lengths.append(len(packed))
        predictions.append(len(packed.targets))
        depths.append(packed.depth)
    with replaced_file(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            lengths=np.array(lengths, dtype=np.int64),
            predictions=np.array(predictions, dtype=np.int64),
            depths=np.array(depths, dtype=np.int64),
            allow_pickle=False,
            **{name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in columns.items()},
        )
    return path


class PackedFile(Sequence[Packed]):
    """The packed rows of a file; each is built on access.

    Attributes:
        lengths: Number of tokens of each.
        depths: Number of positions of each.

    Raises:
        ValueError: If the file is damaged or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with np.load(path, allow_pickle=False) as file:
                self._arrays: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
            self.lengths: NDArray[np.int64] = self._arrays["lengths"]
            self.depths: NDArray[np.int64] = self._arrays["depths"]
            first_token = np.concatenate(([0], np.cumsum(self.lengths)))
            first_prediction = np.concatenate(([0], np.cumsum(self._arrays["predictions"])))
            self._columns = [(name, self._arrays[name], first_token) for name in OF_TOKENS]
            self._columns += [(name, self._arrays[name], first_prediction) for name in OF_PREDICTIONS]
        except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path} is not a file of training data ({error}): delete it and run again") from error

    def digest(self) -> str:
        """SHA-256 of the content, independent of when and where the file was written."""
        digest = sha256()
        for name, values in sorted(self._arrays.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, index: int) -> Packed: ...

    @overload
    def __getitem__(self, index: slice) -> list[Packed]: ...

    def __getitem__(self, index: int | slice) -> Packed | list[Packed]:
        if isinstance(index, slice):
            return [self._packed(place) for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"sequence {index} of the {len(self)} in {self._path}")
        return self._packed(index % len(self))

    def _packed(self, index: int) -> Packed:
        return Packed(**{name: values[first[index] : first[index + 1]] for name, values, first in self._columns})
