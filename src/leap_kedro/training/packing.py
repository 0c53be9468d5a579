"""Packs rows of token ids into one sequence along their prefix tree.

The prompts of one episode share prefixes, and so do the two replies of a preference pair. The rows are laid out
depth-first along their prefix tree. An attention mask follows the tree, and positions continue from the branching
points. Every shared prefix is then encoded once, with the loss and gradients of the single rows. Packing uses only
token ids and numpy, so it works for any tokenizer and template and does not need torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Row:
    """One training example.

    Attributes:
        ids: Token ids of prompt and completion.
        weights: Weight of predicting each token in the loss; 0 for tokens that are only read.
    """

    ids: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.weights):
            raise ValueError(f"a row of {len(self.ids)} token ids has {len(self.weights)} weights")
        if not any(self.weights):
            raise ValueError("a row predicts nothing: none of its tokens has a weight")
        if self.weights[0]:
            raise ValueError("a row's first token cannot be predicted, so its weight must be 0")


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Rows as one sequence of n tokens with m predictions, depth-first along their prefix tree.

    A query q may see key k iff ``k <= q < ends[k]``.

    Attributes:
        input_ids: Token ids, shape (n,).
        ends: Index after the last token of the subtree below each token, shape (n,).
        sources: Index of the token whose logits predict, shape (m,); one token may predict several targets.
        targets: Token ids to predict, shape (m,).
        weights: Their weights in the loss, shape (m,).
        rows: Index of the row of each prediction, in ascending order, every row at least once, shape (m,).
    """

    input_ids: NDArray[np.int32]
    ends: NDArray[np.int32]
    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def position_ids(self) -> NDArray[np.int64]:
        """Depth of each token in the tree, shape (n,)."""
        left = np.bincount(self.ends, minlength=len(self) + 1)[: len(self)]
        return np.cumsum(1 - left) - 1

    @property
    def depth(self) -> int:
        """Number of positions: the tokens of the longest row without its last, which is only a target."""
        return int(self.position_ids.max()) + 1

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self.rows[-1]) + 1


def pack(rows: Sequence[Row]) -> Packed:
    """Packs rows into one sequence, with every shared prefix once.

    Tokens that predict nothing are left out: those of a row from its last predicted token on.

    Raises:
        ValueError: If there are no rows.
    """
    if not rows:
        raise ValueError("there are no rows to pack")
    predicted = [np.flatnonzero(row.weights) for row in rows]
    read = [row.ids[: places[-1]] for row, places in zip(rows, predicted, strict=True)]
    order = sorted(range(len(rows)), key=read.__getitem__)
    lengths = np.array([len(read[index]) for index in order])
    table = np.full((len(rows), lengths.max() + 1), -1, dtype=np.int32)
    for place, index in enumerate(order):
        table[place, : lengths[place]] = read[index]
    differ = table[1:] != table[:-1]
    differ[:, -1] = True
    shared = np.concatenate(([0], np.minimum(np.argmax(differ, axis=1), lengths[:-1])))

    total = int((lengths - shared).sum())
    input_ids, ends = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32)
    path = np.empty(lengths.max(), dtype=np.int32)
    sources: list[NDArray[np.int32]] = [path] * len(rows)
    cursor = before = 0
    for place, index in enumerate(order):
        start, length = shared[place], lengths[place]
        ends[path[start:before]] = cursor
        after = cursor + length - start
        path[start:length] = np.arange(cursor, after)
        input_ids[cursor:after] = table[place, start:length]
        sources[index] = path[predicted[index] - 1]
        cursor, before = after, length
    ends[path[:before]] = total
    chosen = list(zip(rows, predicted, strict=True))
    return Packed(
        input_ids=input_ids,
        ends=ends,
        sources=np.concatenate(sources),
        targets=np.concatenate([np.array(row.ids, dtype=np.int32)[places] for row, places in chosen]),
        weights=np.concatenate([np.array(row.weights, dtype=np.float32)[places] for row, places in chosen]),
        rows=np.repeat(np.arange(len(rows), dtype=np.int32), [len(places) for places in predicted]),
    )


def unpacked(packed: Packed, together: int = 1) -> list[Packed]:
    """The separate rows, for models whose attention does not support the tree.

    Args:
        packed: The result of `pack`.
        together: Number of consecutive rows that stay in one sequence; with 1 each is a plain chain.
    """
    groups = np.arange(packed.row_count) // together
    return [selected(packed, groups == group) for group in range(groups[-1] + 1)]


def selected(packed: Packed, kept: NDArray[np.bool_] | Sequence[bool]) -> Packed:
    """Some of the rows, with the tokens that they need.

    Args:
        packed: The result of `pack`.
        kept: Whether each row is kept, shape (number of rows,).
    """
    predictions = np.asarray(kept)[packed.rows]
    sources = np.sort(packed.sources[predictions])
    needed = np.searchsorted(sources, np.arange(len(packed))) < np.searchsorted(sources, packed.ends)
    moved = np.concatenate(([0], np.cumsum(needed))).astype(np.int32)
    return Packed(
        input_ids=packed.input_ids[needed],
        ends=moved[packed.ends[needed]],
        sources=moved[packed.sources[predictions]],
        targets=packed.targets[predictions],
        weights=packed.weights[predictions],
        rows=(np.cumsum(kept, dtype=np.int32) - 1)[packed.rows[predictions]],
    )


def row_lengths(packed: Packed) -> NDArray[np.int64]:
    """Tokens of each row up to its last prediction, shape (number of rows,)."""
    read = np.zeros(packed.row_count, dtype=np.int64)
    np.maximum.at(read, packed.rows, packed.position_ids[packed.sources] + 1)
    return read + 1


def fitting(packs: Sequence[Packed], longest: int, together: int = 1) -> tuple[list[Packed], int]:
    """Drops rows that are too long.

    Args:
        packs: Packed rows.
        longest: Maximum number of tokens of a row.
        together: Number of consecutive rows that are kept or dropped together.

    Returns:
        The non-empty sequences without the rows that are too long, and the number of dropped groups of rows.
    """
    remaining, dropped = [], 0
    for packed in packs:
        fits = (row_lengths(packed) <= longest).reshape(-1, together).all(axis=1)
        dropped += int((~fits).sum())
        if fits.all():
            remaining.append(packed)
        elif fits.any():
            remaining.append(selected(packed, np.repeat(fits, together)))
    return remaining, dropped
