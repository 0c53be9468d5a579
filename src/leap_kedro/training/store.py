"""Packed rows on disk: one uncompressed npz of flat arrays, fast for tens of millions of tokens."""

from collections.abc import Iterable, Iterator, Sequence
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


def write_packed(path: Path, packs: Iterable[Packed]) -> None:
    """Writes them under a temporary name and renames, so that `path` is whole or absent.

    Args:
        path: File to write, with the ending ``.npz``.
        packs: In order; a generator is consumed as it comes, at 8 bytes a token and 16 a prediction.
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


class PackedFile(Sequence[Packed]):
    """The packed rows of a file; each is built when it is asked for.

    Attributes:
        lengths: Tokens of each.
        depths: Positions that each needs.

    Raises:
        ValueError: If the file is no such file, or torn.
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
        """SHA-256 of the content, the same whenever and wherever the file was written."""
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

    def __iter__(self) -> Iterator[Packed]:
        return (self._packed(index) for index in range(len(self)))

    def _packed(self, index: int) -> Packed:
        return Packed(**{name: values[first[index] : first[index + 1]] for name, values, first in self._columns})
