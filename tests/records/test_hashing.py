"""Hashes and seeds are stored with results: their values are fixed."""

from hashlib import sha256
from pathlib import Path

from leap_kedro.records.hashing import content_hash, json_hash, text_hash, text_number
from leap_kedro.records.seeds import derive_seed, episode_seed


def test_hashes_keep_their_values(tmp_path: Path) -> None:
    assert text_hash("leap") == sha256(b"leap").hexdigest()[:16]
    assert json_hash({"b": 1, "a": [None]}, 64) == sha256(b'{"a": [null], "b": 1}').hexdigest()
    assert text_number("leap", bits=64) == int.from_bytes(sha256(b"leap").digest()[:8], "big")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"x" * 5)
    assert content_hash(tmp_path / "inner" / "file", 64) == sha256(b"x" * 5).hexdigest()
    assert content_hash(tmp_path, 64) == sha256(b"inner/file" + sha256(b"x" * 5).digest()).hexdigest()


def test_seeds_keep_their_values() -> None:
    assert episode_seed(0, "trial_1") == 742177757
    assert derive_seed(0, "evaluation") == 292960429
    assert len({episode_seed(run, f"t{task}") for run in range(3) for task in range(100)}) == 300
