"""What an iteration was made of: code, packages, parameters, data, parent, seeds, seconds."""

import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "leap_kedro",
    "accelerate",
    "kedro",
    "mlflow",
    "numpy",
    "peft",
    "torch",
    "transformers",
    "trl",
)


def build_manifest(
    project: Path,
    values: Mapping[str, Any],
    files: Mapping[str, Path],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """The manifest of an iteration.

    Args:
        project: Root of the project, whose git commit is named.
        values: What identifies the run: experiment, iteration, seed, digest of the parameters, parent policy ...
        files: Dataset name -> its file or folder; each is hashed.
        seconds: Seconds by node, interrupted runs included.
    """
    return {
        **values,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": git_state(project),
        "python": platform.python_version(),
        "packages": package_versions(),
        "data": {name: content_hash(path) for name, path in sorted(files.items())},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def content_hash(path: Path) -> str:
    """Hash of a file's bytes, or of the names and bytes in a folder."""
    digest = sha256()
    if path.is_file():
        digest.update(path.read_bytes())
    for file in sorted(path.rglob("*")):
        if file.is_file():
            digest.update(file.relative_to(path).as_posix().encode())
            digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def text_hash(text: str) -> str:
    """Hash of a text."""
    return sha256(text.encode()).hexdigest()[:16]


def package_versions() -> dict[str, str]:
    """Versions of the packages that results depend on; those not installed are left out."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state(project: Path) -> dict[str, Any]:
    """Commit of the project, and whether files differ from it; empty outside a git repository."""
    try:
        commit = _git(project, "rev-parse", "HEAD")
        changed = _git(project, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "changed": bool(changed)}


def _git(project: Path, *arguments: str) -> str:
    answer = subprocess.run(["git", *arguments], cwd=project, capture_output=True, check=True, text=True)  # noqa: S607
    return answer.stdout.strip()
