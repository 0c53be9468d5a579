"""Who is told how a training goes, beside its caller."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leap_kedro.training.progress import Progress

Watcher = Callable[[Path, Progress], None]
"""Gets the training's folder, and where the training is. It must return at once, and raise nothing."""

_watchers: list[Watcher] = []


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Within it, `watcher` is told of each report of the loss of all trainings that this process starts."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def tell(work: Path, progress: Progress) -> None:
    """Tell all that watch where the training in `work` is."""
    for watcher in _watchers:
        watcher(work, progress)
