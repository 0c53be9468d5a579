"""The software of a run: code, Python, packages."""

import platform
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("leap_kedro", "accelerate", "kedro", "mlflow", "numpy", "peft", "torch", "transformers", "trl")


def run_facts() -> dict[str, Any]:
    """Time and software of a run: git commit of this package, Python, packages."""
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": git_state(Path(__file__).parent),
        "python": platform.python_version(),
        "packages": package_versions(),
    }


def package_versions() -> dict[str, str]:
    """Versions of the installed packages on which results depend."""
    found = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def git_state(folder: Path) -> dict[str, Any]:
    """Commit of a folder's repository, and whether files were changed since; empty outside a repository."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "changed": bool(changed)}


def _git(project: Path, *arguments: str) -> str:
    answer = subprocess.run(["git", *arguments], cwd=project, capture_output=True, check=True, text=True)  # noqa: S607
    return answer.stdout.strip()
