"""Concurrent calls, for code that is not asynchronous.

A process has one event loop for all its language models, in a separate thread: connections and limits belong to a loop,
and calls continue while the caller processes the results that it already has.
"""

import asyncio
import itertools
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_END = object()
_LONGEST_DEAFNESS = 1.0  # seconds

_APART = 0.002
"""Seconds between the first calls. Calls that begin together end together, and go on in waves: each waits for the
processor behind all others, on both sides. Apart they stay apart (benchmarks/teacher_calls.py: 1.12 instead of 1.22
times the ideal time)."""


class _LoopThread:
    """An event loop that runs in a thread until the process ends."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="language models", daemon=True).start()


_lock = threading.Lock()
_running: _LoopThread | None = None


def as_completed(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> Iterator[Result]:
    """Results of `work` on `items`, each as soon as it is there, at most `limit` of them under way at once.

    `items` are taken as they are needed, in the thread of the loop. An exception of `work` (or of `items`) ends the
    others and is raised after the results that were ready before it. When the iterator is closed, and at Ctrl-C, what
    is under way is cancelled.
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
    """As `as_completed`, all results in the order of their items."""

    async def numbered(pair: tuple[int, Item]) -> tuple[int, Result]:
        return pair[0], await work(pair[1])

    found = dict(as_completed(numbered, enumerate(items), limit))
    return [found[number] for number in range(len(found))]


def _next(results: SimpleQueue[Any]) -> Any:
    """The next of `results`. A Ctrl-C that comes right before a wait does not end it, so none of them is long."""
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
        # A forked process has the object, but not the thread.
        if _running is None or _running.process != os.getpid():
            _running = _LoopThread()
        return _running.loop
