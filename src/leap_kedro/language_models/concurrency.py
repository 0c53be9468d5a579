"""Concurrent calls for code that is not asynchronous.

A process has one event loop for all its language models, in a separate thread. Connections and limits belong to this
loop, and calls continue while the caller processes the available results.
"""

import asyncio
import itertools
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_END = object()
_LONGEST_DEAFNESS = 1.0  # seconds

_APART = 0.002
"""Seconds between the first calls. Calls that start together also end together and compete for the processor on both
sides; staggered calls do not (benchmarks/teacher_calls.py: 1.12 instead of 1.22 times the ideal time)."""

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None
"""Process and loop."""


def as_completed(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> Iterator[Result]:
    """Results of `work` on `items` as they become available, with at most `limit` concurrent calls.

    `items` are drawn when needed, in the thread of the loop. An exception of `work` or `items` cancels the other calls
    and is raised after the results that were ready before it. Closing the iterator and Ctrl-C cancel all calls.
    """
    loop = _loop()
    results: SimpleQueue[Any] = SimpleQueue()
    started: SimpleQueue[asyncio.Task[None]] = SimpleQueue()

    def start() -> None:
        task = loop.create_task(_work_off(work, iter(items), limit, results))
        task.add_done_callback(lambda _: results.put(_END))
        started.put(task)

    loop.call_soon_threadsafe(start)
    task = started.get()
    ended = False
    try:
        while (result := _next(results)) is not _END:
            yield result
        ended = True
        task.result()
    finally:
        if not ended:
            loop.call_soon_threadsafe(task.cancel)
            while _next(results) is not _END:
                pass


def in_order(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> list[Result]:
    """All results of `as_completed`, in the order of their items."""

    async def numbered(pair: tuple[int, Item]) -> tuple[int, Result]:
        return pair[0], await work(pair[1])

    found = dict(as_completed(numbered, enumerate(items), limit))
    return [found[number] for number in range(len(found))]


class Calls(Generic[Item, Result]):
    """Calls that the caller starts one by one, for example each after the result of another.

    It is a context; leaving it, also by an exception or Ctrl-C, cancels the calls that have not ended.
    """

    def __init__(self, work: Callable[[Item], Coroutine[Any, Any, Result]]) -> None:
        self._work = work
        self._loop = _loop()
        self._under_way: set[asyncio.Task[Result]] = set()
        self._ended: SimpleQueue[asyncio.Task[Result]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()

    def start(self, item: Item) -> None:
        """Begin `work` on an item."""
        self._loop.call_soon_threadsafe(self._start, item)

    def next(self) -> Result:
        """The next result, in the order in which calls end; there must be a call. Raises an exception of `work`."""
        ended: asyncio.Task[Result] = _next(self._ended)
        return ended.result()

    def _start(self, item: Item) -> None:
        task = self._loop.create_task(self._work(item))
        self._under_way.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Result]) -> None:
        self._under_way.discard(task)
        self._ended.put(task)

    async def _cancel(self) -> None:
        under_way = list(self._under_way)
        for each in under_way:
            each.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _next(results: SimpleQueue[Any]) -> Any:
    """The next of `results`. A Ctrl-C right before a wait does not interrupt it, so each wait is short."""
    while True:
        try:
            return results.get(timeout=_LONGEST_DEAFNESS)
        except Empty:
            continue


async def _work_off(
    work: Callable[[Item], Awaitable[Result]], items: Iterator[Item], limit: int, results: SimpleQueue[Any]
) -> None:
    async def worker(item: Item) -> None:
        results.put(await work(item))
        for further in items:
            results.put(await work(further))

    workers: list[asyncio.Task[None]] = []
    try:
        for first in itertools.islice(items, limit):
            workers.append(asyncio.create_task(worker(first)))
            await asyncio.sleep(_APART)
        await asyncio.gather(*workers)
    finally:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _loop() -> asyncio.AbstractEventLoop:
    global _running  # noqa: PLW0603
    with _lock:
        # A forked process inherits the object, but not the thread.
        if _running is None or _running[0] != os.getpid():
            _running = os.getpid(), asyncio.new_event_loop()
            threading.Thread(target=_running[1].run_forever, name="language models", daemon=True).start()
        return _running[1]
