"""The tasks of a served environment, by split and index."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from leap_kedro.environments.openenv.errors import NoSuchTask
from leap_kedro.environments.protocol import Benchmark, EndlessSplit, TaskDataError
from leap_kedro.environments.sources import Source
from leap_kedro.environments.suite import Suite
from leap_kedro.records import Task

MOST_TASKS = 10_000
"""Tasks of a split that is generated without end."""

_KEPT = 16  # lists of tasks
_FIRST = 8  # tasks that are made at once: those of some environments take a second each
_USUAL_SPLITS = ("train", "validation", "test")


class Catalogue:
    """Tasks of a benchmark by split, seed and index; several threads may ask.

    A task of index i is the same as in ``benchmark.tasks(split, count, seed)[i]`` for every count above i.
    """

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark, self._lock = benchmark, Lock()
        self._made: OrderedDict[tuple[str, int], list[Task]] = OrderedDict()

    def splits(self) -> list[str]:
        """Names of the splits; of an environment that does not list them, the usual names that it knows."""
        if isinstance(self._benchmark, Suite):
            generated = self._benchmark.options.source is Source.GENERATED
            known = self._benchmark.generated_splits if generated else self._benchmark.official_splits
            return [split for split in known if split != "base"]
        return [split for split in _USUAL_SPLITS if self._has(split)]

    def number(self, split: str) -> int:
        """Number of tasks of a split. Raises `NoSuchTask` if there is no such split."""
        try:
            return min(len(self._benchmark.tasks(split, None, 0)), MOST_TASKS)
        except EndlessSplit:
            return MOST_TASKS
        except TaskDataError as error:
            raise NoSuchTask(str(error)) from error

    def task(self, split: str, index: int, seed: int = 0) -> Task:
        """A task. Raises `NoSuchTask` if there is none."""
        _check(split, index, seed)
        return self.between(split, index, index + 1, seed)[0]

    def between(self, split: str, start: int, stop: int, seed: int = 0) -> Sequence[Task]:
        """Tasks from index `start` to before `stop`, or to the end. Raises `NoSuchTask` if there is no task `start`."""
        if not 0 <= start < MOST_TASKS:
            raise NoSuchTask(
                f"There is no task {start} in the split '{split}': an index is from 0 to {MOST_TASKS - 1}."
            )
        with self._lock:
            tasks = self._at_least(split, min(stop, MOST_TASKS), seed)
        if start >= len(tasks):
            raise NoSuchTask(f"There is no task {start} in the split '{split}': it has {len(tasks)} tasks.")
        return tasks[start:stop]

    def _at_least(self, split: str, count: int, seed: int) -> list[Task]:
        known = self._made.get((split, seed), [])
        if len(known) < count:
            wanted = min(max(count, 2 * len(known), _FIRST), MOST_TASKS)
            try:
                known = list(self._benchmark.tasks(split, wanted, seed))
            except TaskDataError as error:
                raise NoSuchTask(str(error)) from error
            self._made[split, seed] = known
        self._made.move_to_end((split, seed))
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return known

    def _has(self, split: str) -> bool:
        try:
            return bool(self._benchmark.tasks(split, 1, 0))
        except TaskDataError:
            return False


def _check(split: object, index: object, seed: object) -> None:
    """The types of what a client sends."""
    if not isinstance(split, str):
        raise NoSuchTask(f"`split` is the name of a split, and not {split!r}.")
    for name, number in (("index", index), ("seed", seed)):
        if not isinstance(number, int) or isinstance(number, bool):
            raise NoSuchTask(f"`{name}` is a whole number, and not {number!r}.")
