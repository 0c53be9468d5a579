"""Finds the checkpoint that a training resumes from: the last one that is complete and unchanged."""

import json
import os
import shutil
import zlib
from pathlib import Path

from leap_kedro.records.atomic import replaced_file

MARKER = "_SUCCESS"
"""File in a complete checkpoint with the size and CRC-32 of each of its files, by name."""


def mark_whole(checkpoint: Path) -> None:
    """Marks a checkpoint as complete, after all processes have written it and its files are flushed to disk."""
    files = {path.relative_to(checkpoint).as_posix(): path for path in checkpoint.rglob("*") if path.is_file()}
    with replaced_file(checkpoint / MARKER) as temporary:
        temporary.write_text(json.dumps({name: _measured(path, sync=True) for name, path in sorted(files.items())}))


def whole(work: Path) -> list[Path]:
    """The marks of the complete checkpoints in `work`, in their order."""
    return sorted(work.glob(f"checkpoint-*/{MARKER}"), key=lambda mark: int(mark.parent.name.rpartition("-")[2]))


def keep_last_two(work: Path, best: str | None) -> None:
    """Removes all complete checkpoints in `work` but the last two and the one at the path `best`.

    Call it once the last one is marked. The trainer's own `save_total_limit` removes one before the new one is marked:
    until then, only one complete checkpoint would be left.
    """
    for mark in whole(work)[:-2]:
        if best is None or mark.parent.name != Path(best).name:
            shutil.rmtree(mark.parent)


def last_whole(work: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The last complete checkpoint in `work`, and what is wrong with later ones that are marked as complete.

    A checkpoint without the mark was interrupted while it was written. This is expected and not reported.
    """
    torn: list[str] = []
    for checkpoint in reversed([mark.parent for mark in whole(work)]):
        wrong = _wrong(checkpoint)
        if not wrong:
            return checkpoint, tuple(torn)
        torn.append(f"{checkpoint.name}: {wrong}")
    return None, tuple(torn)


def _wrong(checkpoint: Path) -> str:
    """How the files differ from what was written; empty if they do not."""
    try:
        written = json.loads((checkpoint / MARKER).read_text())
    except ValueError:
        return f"{MARKER} is torn"
    for name, (size, check) in written.items():
        path = checkpoint / name
        if not path.is_file():
            return f"{name} is missing"
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
