"""Training data on disk."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from leap_kedro.training.packing import Packed
from leap_kedro.training.store import PackedFile, write_packed


@pytest.fixture
def data(tmp_path: Path, copying: list[Packed]) -> Path:
    path = tmp_path / "data.npz"
    write_packed(path, copying)
    return path


def test_sequences_come_back_as_they_were(data: Path, copying: list[Packed]) -> None:
    stored = PackedFile(data)
    assert len(stored) == len(copying)
    assert stored.lengths.tolist() == [len(packed) for packed in copying]
    assert stored.depths.tolist() == [packed.depth for packed in copying]
    for found, written in [*zip(stored, copying, strict=True), (stored[-1], copying[-1]), (stored[3:4][0], copying[3])]:
        for field in fields(Packed):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(written, field.name))
    with pytest.raises(IndexError, match="sequence 40 of the 40"):
        stored[40]


def test_the_digest_is_that_of_the_content(data: Path, copying: list[Packed], tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    write_packed(other, iter(copying))
    assert PackedFile(other).digest() == PackedFile(data).digest()
    write_packed(other, copying[1:])
    assert PackedFile(other).digest() != PackedFile(data).digest()


def test_no_data_are_a_file_too(tmp_path: Path) -> None:
    write_packed(tmp_path / "none.npz", [])
    assert list(PackedFile(tmp_path / "none.npz")) == []
