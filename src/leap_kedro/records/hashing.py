"""SHA-256 of texts, JSON values, files and folders.

The values are stored in manifests, cache keys, seeds and names of checkpoints. They must never change.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashlib import _Hash

SHORT = 16
"""Hexadecimal digits of a hash that people compare."""
_BLOCK = 1 << 22


def text_hash(text: str, digits: int = SHORT) -> str:
    """Hash of a text, hexadecimal."""
    return sha256(text.encode()).hexdigest()[:digits]


def json_hash(values: Mapping[str, Any], digits: int = SHORT) -> str:
    """Hash of plain values, whatever the order of their names; hexadecimal."""
    return text_hash(json.dumps(dict(values), sort_keys=True, default=str), digits)


def text_number(text: str, bits: int) -> int:
    """The first `bits` of a text's hash as a number: the same on every machine."""
    return int(text_hash(text, 64), 16) >> (256 - bits)


def content_hash(path: Path, digits: int = SHORT) -> str:
    """Hash of a file's bytes, or of the names and bytes of all files in a folder; hexadecimal."""
    total = sha256()
    if path.is_file():
        add_file(total, path)
    for file in sorted(path.rglob("*")):
        if file.is_file():
            total.update(file.relative_to(path).as_posix().encode())
            own = sha256()
            add_file(own, file)
            total.update(own.digest())
    return total.hexdigest()[:digits]


def add_file(total: "_Hash", file: Path) -> None:
    """Add a file's bytes to a hash, without holding the file in memory."""
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            total.update(block)
