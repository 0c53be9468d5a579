"""Calls in flight at once, from code that is not asynchronous."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from leap_kedro.language_models import as_completed, in_order


async def after(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


def test_results_come_as_they_end_and_in_order_where_wanted() -> None:
    assert list(as_completed(after, [0.2, 0.1, 0.01], 3)) == [0.01, 0.1, 0.2]
    assert in_order(after, [0.2, 0.1, 0.01], 3) == [0.2, 0.1, 0.01]
    assert in_order(after, [], 3) == []


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number / 1000

    running = as_completed(after, items(), 2)
    next(running)
    running.close()

    assert len(taken) < 20


def test_no_more_at_once_than_the_limit() -> None:
    now = most = 0

    async def work(_: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    in_order(work, range(30), 4)
    assert (most, now) == (4, 0)


def test_calls_go_on_while_the_caller_works() -> None:
    began = time.perf_counter()
    for _ in as_completed(after, [0.2, 0.2, 0.2], 1):
        time.sleep(0.2)
    assert time.perf_counter() - began < 1.0  # 1.2 one after another


def test_an_exception_ends_the_others_and_comes_after_what_was_ready() -> None:
    cancelled = 0

    async def work(seconds: float) -> float:
        nonlocal cancelled
        if seconds == 0.1:
            await asyncio.sleep(seconds)
            raise LookupError("broken")
        try:
            return await after(seconds)
        except asyncio.CancelledError:
            cancelled += 1
            raise

    running = as_completed(work, [0.01, 0.1, 60, 60], 4)
    assert next(running) == 0.01
    with pytest.raises(LookupError, match="broken"):
        next(running)
    assert cancelled == 2


def test_an_exception_of_the_items_is_raised() -> None:
    def items():
        yield 0.01
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(as_completed(after, items(), 1))


def test_a_closed_iterator_leaves_nothing_under_way() -> None:
    ended: list[str] = []

    async def work(seconds: float) -> float:
        try:
            return await after(seconds)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    running = as_completed(work, [0.01, 60, 60], 3)
    assert next(running) == 0.01
    running.close()
    assert ended == ["cancelled", "cancelled"]


def test_one_thread_serves_all() -> None:
    in_order(after, [0.0], 1)
    before = threading.active_count()
    for _ in range(3):
        in_order(after, [0.0], 1)
    assert threading.active_count() == before


INTERRUPTED = """
import asyncio, signal
from leap_kedro.language_models import Calls, as_completed

signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it, and its children

async def work(seconds):
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise

def started_one_by_one(work, items, _):
    with Calls(work) as calls:
        for item in items:
            calls.start(item)
        while True:
            yield calls.next()

try:
    for _ in LOOP(work, [0.01, 60, 60], 3):
        print("ready", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("loop", ["as_completed", "started_one_by_one"])
def test_ctrl_c_leaves_nothing_hanging(loop: str) -> None:
    program = INTERRUPTED.replace("LOOP", loop)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, signal.SIGINT)
    said, _ = child.communicate(timeout=10)

    assert said.split() == ["cancelled", "cancelled", "interrupted"]
    assert child.returncode == 0
