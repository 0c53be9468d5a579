"""The folder of the sandboxes' layers, which is locked while its process runs and removed afterwards.

Each process has its own folder below a common one, and holds a lock on it. The kernel releases the lock however the
process ends, and the next process removes unlocked folders.
"""

import atexit
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import SandboxFailure

_LOCK = ".lock"
_OWN = re.compile(r"\d+-[0-9a-f]{8}\.lock")
"""Names of the lock files of sandboxes; other files are not touched."""


class Scratch:
    """The folder of this process, which is removed at exit."""

    def __init__(self, parent: Path | None = None) -> None:
        """Create the folder, and remove those of processes that have ended.

        Args:
            parent: The common folder; by default one of this user in the system's folder for temporary files.

        Raises:
            SandboxFailure: If it cannot be created or belongs to another user.
        """
        self.parent = parent or Path(tempfile.gettempdir()) / f"leap_kedro-sandboxes-{os.getuid()}"
        try:
            self.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            about = self.parent.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
                raise SandboxFailure(
                    f"The folder for sandboxes, {self.parent}, belongs to another user. Set another one by the "
                    "parameter `environments.intercode_bash.scratch_folder`."
                )
            _check_way(self.parent)
            self._sweep()
            name = f"{os.getpid()}-{uuid4().hex[:8]}"
            self._lock = FileLock(self.parent / f"{name}{_LOCK}")
            self._lock.acquire()
            self.folder = self.parent / name
            self.folder.mkdir(mode=0o711)
        except OSError as error:
            raise SandboxFailure(f"The folder for sandboxes, {self.parent}, cannot be used: {error}") from error
        self._owner = os.getpid()
        atexit.register(self.close)

    def new(self, kind: str) -> Path:
        """A new empty folder. Raises `SandboxFailure` if it cannot be created."""
        folder = self.folder / f"{kind}-{uuid4().hex[:12]}"
        try:
            folder.mkdir(mode=0o711)
        except OSError as error:
            raise SandboxFailure(f"The folder {folder} for a sandbox cannot be created: {error}") from error
        return folder

    def close(self) -> None:
        """Remove everything; also done at exit. A forked process leaves that to its parent."""
        if os.getpid() != self._owner:
            return
        remove(self.folder)
        Path(self._lock.lock_file).unlink(
            missing_ok=True
        )  # before the release, so that no process holds a lock without a file
        self._lock.release()

    def _sweep(self) -> None:
        for lock_file in self.parent.iterdir():
            if not _OWN.fullmatch(lock_file.name):
                continue
            lock = FileLock(lock_file)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            remove(self.parent / lock_file.name.removesuffix(_LOCK))
            lock_file.unlink(missing_ok=True)
            lock.release()


def _check_way(folder: Path) -> None:
    """If this process is root, the unprivileged user of the commands needs access to the folder."""
    if os.geteuid() != 0:
        return
    closed = [path for path in (folder, *folder.absolute().parents) if not path.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise SandboxFailure(
            f"The folder for sandboxes, {folder}, is not accessible to the user of the commands: {closed[0]} is "
            f"closed to others. Open it (chmod o+x {closed[0]}), or set another folder by the parameter "
            "`environments.intercode_bash.scratch_folder`."
        )


def remove(folder: Path) -> None:
    """Remove a folder even if a command created directories without permissions or of extreme depth in it."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        # Coreutils support any depth, Python's functions do not.
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], check=False, capture_output=True)  # noqa: S607
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)  # noqa: S607
