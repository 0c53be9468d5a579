"""Trees on disk: one uncompressed npz of flat arrays, fast to write and to read for tens of millions of tokens."""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import overload
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from leap_kedro.training.tree import Branch, Tree, flat_depth, flat_length


def write_trees(path: Path, trees: Iterable[Tree]) -> None:
    """Writes the trees under a temporary name and renames, so that `path` is whole or absent.

    Args:
        path: File to write, with the ending ``.npz``.
        trees: Trees in order; a generator is consumed as it comes, at four bytes a token.
    """
    ids, weights = array("i"), array("d")
    trunk_lengths, trunk_weights, branch_counts = array("q"), array("d"), array("q")
    lengths, depths = array("q"), array("q")
    ats, prompts, completions = array("q"), array("q"), array("q")
    for tree in trees:
        ids.extend(tree.trunk)
        trunk_lengths.append(len(tree.trunk))
        trunk_weights.append(tree.trunk_weight)
        branch_counts.append(len(tree.branches))
        lengths.append(flat_length(tree))
        depths.append(flat_depth(tree))
        for branch in tree.branches:
            ids.extend(branch.prompt)
            ids.extend(branch.completion)
            ats.append(branch.at)
            prompts.append(len(branch.prompt))
            completions.append(len(branch.completion))
            weights.append(branch.weight)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        np.savez(
            file,
            ids=np.asarray(ids, dtype=np.int32),
            trunk_lengths=np.asarray(trunk_lengths),
            trunk_weights=np.asarray(trunk_weights),
            branch_counts=np.asarray(branch_counts),
            lengths=np.asarray(lengths),
            depths=np.asarray(depths),
            ats=np.asarray(ats),
            prompts=np.asarray(prompts),
            completions=np.asarray(completions),
            weights=np.asarray(weights),
        )
    temporary.replace(path)


class TreeFile(Sequence[Tree]):
    """The trees of a file; each is built when it is asked for.

    Attributes:
        lengths: Tokens of each tree laid out as one sequence.
        depths: Positions that each tree needs.

    Raises:
        ValueError: If the file is no such file, or torn.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with np.load(path, allow_pickle=False) as file:
                self._arrays: dict[str, NDArray[np.int64]] = {name: file[name] for name in file.files}
            counts, inner = self._arrays["branch_counts"], self._arrays["prompts"] + self._arrays["completions"]
            self.lengths: NDArray[np.int64] = self._arrays["lengths"]
            self.depths: NDArray[np.int64] = self._arrays["depths"]
            self._first_branch = np.concatenate(([0], np.cumsum(counts)))
            before = np.concatenate(([0], np.cumsum(inner)))[self._first_branch]
            self._first_id = np.concatenate(([0], np.cumsum(self._arrays["trunk_lengths"]))) + before
        except (OSError, KeyError, ValueError, EOFError, BadZipFile) as error:
            raise ValueError(f"{path} is not a file of trees ({error}): delete it and run again") from error

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
    def __getitem__(self, index: int) -> Tree: ...

    @overload
    def __getitem__(self, index: slice) -> list[Tree]: ...

    def __getitem__(self, index: int | slice) -> Tree | list[Tree]:
        if isinstance(index, slice):
            return [self._tree(place) for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"tree {index} of the {len(self)} in {self._path}")
        return self._tree(index % len(self))

    def __iter__(self) -> Iterator[Tree]:
        return (self._tree(index) for index in range(len(self)))

    def _tree(self, index: int) -> Tree:
        arrays = self._arrays
        ids = arrays["ids"][self._first_id[index] : self._first_id[index + 1]].tolist()
        cursor = int(arrays["trunk_lengths"][index])
        trunk = tuple(ids[:cursor])
        branches = []
        for place in range(self._first_branch[index], self._first_branch[index + 1]):
            middle = cursor + int(arrays["prompts"][place])
            end = middle + int(arrays["completions"][place])
            branches.append(
                Branch(
                    at=int(arrays["ats"][place]),
                    prompt=tuple(ids[cursor:middle]),
                    completion=tuple(ids[middle:end]),
                    weight=float(arrays["weights"][place]),
                )
            )
            cursor = end
        return Tree(trunk, tuple(branches), float(arrays["trunk_weights"][index]))
