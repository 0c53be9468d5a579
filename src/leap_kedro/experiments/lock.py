"""One run at a time on an experiment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from leap_kedro.datasets.errors import writing
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment


@contextmanager
def locked(experiment: Experiment) -> Iterator[None]:
    """Hold the experiment's lock, which the operating system releases however the process ends.

    Raises:
        RunRefused: If another process holds it.
        StorageError: If the data folder cannot be written.
    """
    folder = experiment.record_folder
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "run.lock")
        holder = folder / "run.pid"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pid = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "unknown"
            raise RunRefused(
                f"Experiment '{experiment.name}' is in use: the process with pid {pid} is running it. Wait until it "
                f"ends (or end it: `kill {pid}`), or run another experiment: --params=experiment=NAME."
            ) from None
    try:
        with writing(holder):
            holder.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
