"""BM25 exactly as Lucene computes it, including the order of results (k1 0.9, b 0.4: Anserini's defaults).

For an equal order, document lengths are encoded in Lucene's lossy byte, scores of single terms are float32 and summed
in float64, and ties are broken by document id.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leap_kedro.environments.webshop.engine.analysis import terms

K1, B = np.float32(0.9), np.float32(0.4)
MAX_HITS = 50

_EXACT_LENGTHS = 24  # Lucene's SmallFloat is exact below it; above, it keeps three bits after the leading one


@dataclass(frozen=True, slots=True)
class Postings:
    """The inverted index.

    Attributes:
        terms: Term -> its row.
        starts: Beginning of each row in `documents` and `counts`, followed by the end of the last row.
        documents: Documents that contain the term, in ascending order within a row.
        counts: Frequency of the term in each of these documents.
        lengths: Number of terms of each document, encoded as one byte.
        average_length: Exact mean number of terms of the documents that have terms.
    """

    terms: Mapping[str, int]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    counts: NDArray[np.uint16]
    lengths: NDArray[np.uint8]
    average_length: float


def build_postings(texts: Iterable[str]) -> Postings:
    """The inverted index of documents."""
    rows: dict[str, array[int]] = {}
    lengths: list[int] = []
    total = 0
    for number, text in enumerate(texts):
        counted = Counter(terms(text))
        length = counted.total()
        total += length
        lengths.append(_as_byte(length))
        for term, count in counted.items():
            rows.setdefault(term, array("q")).append(number << 16 | min(count, 0xFFFF))
    order = sorted(rows)
    starts = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum([len(rows[term]) for term in order], out=starts[1:])
    documents = np.empty(starts[-1], dtype=np.int32)
    counts = np.empty(starts[-1], dtype=np.uint16)
    for row, term in enumerate(order):
        packed = np.array(rows.pop(term), dtype=np.int64)
        documents[starts[row] : starts[row + 1]] = packed >> 16
        counts[starts[row] : starts[row + 1]] = packed & 0xFFFF
    filled = sum(map(bool, lengths))
    return Postings(
        {term: row for row, term in enumerate(order)},
        starts,
        documents,
        counts,
        np.array(lengths, dtype=np.uint8),
        total / filled if filled else 0.0,
    )


class BM25:
    """A search engine over documents with ids."""

    def __init__(self, ids: Sequence[str], postings: Postings) -> None:
        """Search `postings`; `ids` are the ids of its documents."""
        self._ids = tuple(ids)
        self._postings = postings
        self._rank_of_id = np.argsort(np.argsort(np.array(self._ids, dtype=object)))
        self._filled = int(np.count_nonzero(postings.lengths))
        lengths = np.array([_from_byte(byte) for byte in range(256)], dtype=np.float32)
        average = np.float32(postings.average_length or 1.0)
        inverse = np.float32(1) / (K1 * ((np.float32(1) - B) + B * lengths / average))
        self._inverse_norm: NDArray[np.float32] = inverse.astype(np.float32)[postings.lengths]

    def __call__(self, query: str) -> tuple[str, ...]:
        """Ids of the best documents, at most `MAX_HITS`, best first."""
        scores = np.zeros(len(self._ids))
        for term, times in Counter(terms(query)).items():
            row = self._postings.terms.get(term)
            if row is not None:
                found, gained = self._gains(row, times)
                scores[found] += gained
        hits = np.flatnonzero(scores)
        rounded = scores[hits].astype(np.float32)
        if len(hits) > MAX_HITS:
            kept = rounded >= np.partition(rounded, -MAX_HITS)[-MAX_HITS]
            hits, rounded = hits[kept], rounded[kept]
        best = hits[np.lexsort((self._rank_of_id[hits], -rounded))]
        return tuple(self._ids[document] for document in best[:MAX_HITS])

    def _gains(self, row: int, times: int) -> tuple[Any, Any]:
        """Documents that contain a term, and the gains of their scores."""
        part = slice(self._postings.starts[row], self._postings.starts[row + 1])
        found, counts = self._postings.documents[part], self._postings.counts[part]
        rarity = log(1 + (self._filled - len(found) + 0.5) / (len(found) + 0.5))
        weight = np.float32(times) * np.float32(rarity)
        norm = self._inverse_norm[found]
        return found, weight - weight / (np.float32(1) + counts.astype(np.float32) * norm)


def _as_byte(length: int) -> int:
    """Lucene's `SmallFloat.intToByte4`."""
    if length < _EXACT_LENGTHS:
        return length
    rest = length - _EXACT_LENGTHS
    bits = rest.bit_length()
    if bits < 4:
        return _EXACT_LENGTHS + rest
    shift = bits - 4
    return _EXACT_LENGTHS + ((rest >> shift) & 7 | (shift + 1) << 3)


def _from_byte(byte: int) -> int:
    """Lucene's `SmallFloat.byte4ToInt`."""
    if byte < _EXACT_LENGTHS:
        return byte
    rest = byte - _EXACT_LENGTHS
    shift = (rest >> 3) - 1
    return _EXACT_LENGTHS + (rest & 7 if shift < 0 else (rest & 7 | 8) << shift)
