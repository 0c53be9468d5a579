"""The folder in which sandboxes keep their layers: locked while its process lives, swept when it does not.

Each process has a folder of its own below a common one. It holds a lock on it, which the kernel releases however the
process ends; the next process to come removes what nobody holds.
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
"""Names of lock files that are sandboxes'; others' are left alone."""


class Scratch:
    """This process's folder; removed when it exits."""

    def __init__(self, parent: Path | None = None) -> None:
        """Make the folder, and remove those of processes that are gone.

        Args:
            parent: Where; by default a folder of this user's in the system's folder for temporary files.

        Raises:
            SandboxFailure: If it cannot be made, or is somebody else's.
        """
        self.parent = parent or Path(tempfile.gettempdir()) / f"leap_kedro-sandboxes-{os.getuid()}"
        try:
            self.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            about = self.parent.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
                raise SandboxFailure(
                    f"The folder for sandboxes, {self.parent}, is not this user's own. Name another by the parameter "
                    "`environments.intercode_bash.scratch_folder`."
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
        """A new empty folder. Raises `SandboxFailure` if it cannot be made."""
        folder = self.folder / f"{kind}-{uuid4().hex[:12]}"
        try:
            folder.mkdir(mode=0o711)
        except OSError as error:
            raise SandboxFailure(f"The folder {folder} for a sandbox cannot be made: {error}") from error
        return folder

    def close(self) -> None:
        """Remove everything; done at exit, too. A forked process leaves it to the one that made it."""
        if os.getpid() != self._owner:
            return
        remove(self.folder)
        Path(self._lock.lock_file).unlink(missing_ok=True)  # before its release: nobody then holds one without a file
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
    """As root, commands run as somebody else, who has to be able to enter the folder."""
    if os.geteuid() != 0:
        return
    closed = [path for path in (folder, *folder.absolute().parents) if not path.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise SandboxFailure(
            f"The folder for sandboxes, {folder}, cannot be entered by the user that commands run under: {closed[0]} "
            f"is closed to others. Open it (chmod o+x {closed[0]}), or name another folder by the parameter "
            "`environments.intercode_bash.scratch_folder`."
        )


def remove(folder: Path) -> None:
    """Remove a folder, whatever a command made in it: directories without permissions, or nested without end."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        # Coreutils descend without end and without long paths, which Python's functions do not.
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(folder)], check=False, capture_output=True)  # noqa: S607
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)  # noqa: S607
