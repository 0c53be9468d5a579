"""Cost of a command in a bubblewrap sandbox, compared with a bare ``bwrap true``.

    python benchmarks/sandbox_costs.py

Times are medians over interleaved runs in milliseconds; the ratio is the relevant figure.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from leap_kedro.environments.intercode_bash.engine.runtime import runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.bubblewrap import BubblewrapHost, unprivileged
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import NoSandbox
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions

_ROUNDS = 60


def costs(host: BubblewrapHost) -> dict[str, float]:
    """Milliseconds of a bare ``bwrap true``, a command, a reset and reading the changes."""
    sandbox = host.open(tree_of({f"atlas/file{number}.txt": "some words\n" * 100 for number in range(30)}))
    command = ["bash", "-c", "true"]
    change = ["bash", "-c", "rm /atlas/file1.txt; echo x > /atlas/new.txt"]
    sandbox.exec(command, "/")
    taken: dict[str, list[float]] = {"bwrap true": [], "command": [], "changes": [], "reset": []}

    def timed(what: str, run: Callable[[], object]) -> None:
        start = time.perf_counter()
        run()
        taken[what].append(1000 * (time.perf_counter() - start))

    bare = [*unprivileged(), str(host.program.path), "--unshare-all", "--ro-bind", "/", "/", "true"]
    for _ in range(_ROUNDS):
        timed("bwrap true", lambda: subprocess.run(bare, check=True))
        timed("command", lambda: sandbox.exec(command, "/"))
        sandbox.exec(change, "/")
        timed("changes", sandbox.changes)
        timed("reset", sandbox.reset)
    sandbox.close()
    return {what: median(times) for what, times in taken.items()}


def main() -> int:
    """Measure and print; 2 if bubblewrap does not work."""
    try:
        host = runtime_of(InterCodeBashOptions(backend=Backend.BUBBLEWRAP)).host
    except NoSandbox as error:
        print(error, file=sys.stderr)
        return 2
    if not isinstance(host, BubblewrapHost):
        raise TypeError(type(host).__name__)
    found = costs(host)
    print(f"{host.program.path.name}, overlays: {host.program.overlays}")
    for what, milliseconds in found.items():
        print(f"{what:<12}{milliseconds:>8.1f} ms{milliseconds / found['bwrap true']:>8.1f} times bwrap true")
    return 0


if __name__ == "__main__":
    sys.exit(main())
