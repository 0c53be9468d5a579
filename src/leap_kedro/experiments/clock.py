"""Seconds that each node of an iteration took."""

import json
import threading
import time
from pathlib import Path

from leap_kedro.datasets.atomic import write_text


class NodeClock:
    """Seconds by node, kept in a file so that they add up over interrupted runs.

    Where nodes run in threads, the seconds between two beginnings are those of the node that began last.
    """

    def __init__(self, path: Path) -> None:
        """Continue with the seconds in `path`, if the file exists."""
        self._path = path
        self._lock = threading.RLock()
        self._running: tuple[str, float] | None = None
        self.seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def begin(self, name: str) -> None:
        """End the running node's time and begin another's."""
        with self._lock:
            self.stop()
            self._running = (name, time.perf_counter())

    def stop(self) -> None:
        """End the running node's time. Raises `StorageError` if the file cannot be written."""
        with self._lock:
            if self._running is None:
                return
            name, begun = self._running
            self._running = None
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
            write_text(self._path, json.dumps(self.seconds))
