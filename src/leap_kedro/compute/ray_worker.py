"""The actor of a Ray cluster that does a part of the work.

A thread works; calls bring items and take results, so that the driver always knows whether the worker lives.
"""

import os
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from leap_kedro.compute.node_files import NodeFolder
from leap_kedro.compute.work import Work
from leap_kedro.records import UserError
from leap_kedro.records.errors import described

_LONGEST_CALL = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Report:
    """What a call brings back.

    Attributes:
        results: Finished results.
        pulse: Number of signs of progress since the worker began.
        failure: Why the work cannot be done at all; "" if it can.
    """

    results: tuple[Any, ...]
    pulse: int
    failure: str = ""


class RayWorker:
    """Works on the items that it is given; one call at a time."""

    def __init__(self) -> None:
        """An idle worker."""
        self._inbox = _Inbox()
        self._results: SimpleQueue[Any] = SimpleQueue()
        self._pulse, self._failure = 0, ""

    def begin(self, work: Work[Any, Any], digest: str, content: Sequence[Any]) -> str:
        """Begin to load.

        Args:
            work: The work.
            digest: Digest of the content of the work's folder; "": the folder is read where it is.
            content: Reference to the `FolderContent`, in a list so that it is fetched only if this machine needs it.

        Returns:
            Address of the machine.
        """
        import ray

        self._work, self._digest, self._content = work, digest, content
        threading.Thread(target=self._run, name=work.name, daemon=True).start()
        return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]

    def exchange(self, items: Sequence[Any]) -> Report:
        """Bring items and wait a moment for results."""
        self._inbox.put(items)
        found = []
        try:
            found.append(self._results.get(timeout=_LONGEST_CALL))
            while True:
                found.append(self._results.get_nowait())
        except Empty:
            pass
        results = tuple(each for each in found if each is not None)
        return Report(results, self._pulse, self._failure)

    def _run(self) -> None:
        os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS") or "1"
        try:
            loaded = self._here().load()
            self._beat()
            while True:
                self._inbox.wait()
                for result in loaded(self._inbox, self._beat):
                    self._beat()
                    self._results.put(result)
        except Exception as error:
            self._failure = str(error) if isinstance(error, UserError) else described(error)
            self._results.put(None)  # ends the wait of a call

    def _here(self) -> Work[Any, Any]:
        """The work, with its folder on this machine."""
        if not self._digest:
            return self._work
        import ray

        self._folder = NodeFolder(self._digest)
        if not self._folder.exists:
            self._folder.write(ray.get(self._content[0]))
        return self._work.moved(self._folder.path)

    def _beat(self) -> None:
        self._pulse += 1


class _Inbox:
    """Items that have been brought; it may end and have items again later."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._filled = threading.Condition()

    def put(self, items: Sequence[Any]) -> None:
        with self._filled:
            self._items.extend(items)
            self._filled.notify()

    def wait(self) -> None:
        """Wait until there is an item."""
        with self._filled:
            self._filled.wait_for(lambda: self._items)

    def __iter__(self) -> "_Inbox":
        return self

    def __next__(self) -> Any:
        try:
            return self._items.popleft()
        except IndexError:
            raise StopIteration from None
