"""Runs a command while its parent process lives: `python -m leap_kedro.policies.guard COMMAND ...`.

Its stdin is a pipe that the parent never writes to. When the parent closes it or dies, the command's process group is
terminated, and killed if it does not end. A server that occupies a GPU therefore never outlives the run that started
it. The exit status is that of the command.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

PATIENCE = 20.0
"""Seconds between SIGTERM and SIGKILL."""


def main(command: list[str]) -> int:
    """Run the command until it ends or stdin does."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_parent, args=(child.pid,), daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)  # processes that the command started and left behind
    return code if code >= 0 else 128 - code


def _end_with_parent(group: int) -> None:
    while os.read(0, 1024):  # not `sys.stdin`, whose lock would block the shutdown of the interpreter
        pass
    _signal(group, signal.SIGTERM)
    timer = threading.Timer(PATIENCE, _signal, (group, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
