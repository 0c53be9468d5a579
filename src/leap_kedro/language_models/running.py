"""Calls in flight at once, for code that is not asynchronous."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def as_completed(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> Iterator[Result]:
    """Results of `work` on `items`, each as soon as it is there, at most `limit` of them under way at once.

    All calls of a process run in one event loop in a thread of its own. `items` are taken as they are needed. An
    exception of `work` ends the others and is raised after the results that were ready. Closing the iterator, or
    Ctrl-C, ends what is under way.
    """
    raise NotImplementedError


def in_order(work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], limit: int) -> list[Result]:
    """As `as_completed`, all results in the order of their items."""
    raise NotImplementedError
