"""Progress bars of the stages: drawn on a terminal, silent elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

    from leap_kedro.training.progress import Progress


def progress_bar(title: str, unit: str, total: int, items: Iterable[Any] | None = None) -> "tqdm[Any]":
    """A bar over `items`, or one that the caller advances if None; `total` is 0 if it is not known yet."""
    from tqdm import tqdm

    return tqdm(items, total=total, desc=title, unit=unit, disable=None)


@contextmanager
def training_bar(title: str) -> "Iterator[Callable[[Progress], None]]":
    """A bar over the steps of a training; call the yielded function with each report of the loss."""
    with progress_bar(title, "step", 0) as bar:

        def report(progress: "Progress") -> None:
            bar.total = progress.steps
            bar.update(progress.step - bar.n)
            bar.set_postfix(loss=f"{progress.loss:.3f}")

        yield report
