"""The checkpoint from which a training is resumed: the last one that is complete and unchanged."""

import json
import os
import zlib
from pathlib import Path

from leap_kedro.records.atomic import replaced_file

MARKER = "_SUCCESS"
"""File of a whole checkpoint: size and CRC-32 of each of its files, by name."""


def mark_whole(checkpoint: Path) -> None:
    """Mark a checkpoint that all processes have written as whole, once its files are on the disk."""
    files = {path.relative_to(checkpoint).as_posix(): path for path in checkpoint.rglob("*") if path.is_file()}
    with replaced_file(checkpoint / MARKER) as temporary:
        temporary.write_text(json.dumps({name: _measured(path, sync=True) for name, path in sorted(files.items())}))


def last_whole(work: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The last checkpoint in `work` to go on from, and what is wrong with later ones that are marked as whole.

    A checkpoint without the mark is one that its training was killed in: it is no news.
    """
    torn: list[str] = []
    found = sorted(work.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
    for checkpoint in reversed(found):
        if not (checkpoint / MARKER).is_file():
            continue
        wrong = _wrong(checkpoint)
        if not wrong:
            return checkpoint, tuple(torn)
        torn.append(f"{checkpoint.name}: {wrong}")
    return None, tuple(torn)


def _wrong(checkpoint: Path) -> str:
    """What differs from what was written; empty if nothing does."""
    try:
        written = json.loads((checkpoint / MARKER).read_text())
    except ValueError:
        return f"{MARKER} is torn"
    for name, (size, check) in written.items():
        path = checkpoint / name
        if not path.is_file():
            return f"{name} is gone"
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size} bytes and not {size}"
        if _measured(path)[1] != check:
            return f"{name} is not what was written"
    return ""


def _measured(path: Path, sync: bool = False) -> tuple[int, int]:
    size = check = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            size, check = size + len(block), zlib.crc32(block, check)
        if sync:
            os.fsync(file.fileno())
    return size, check
