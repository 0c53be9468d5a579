"""Corrected episodes that no training sees, to measure the realizability gap on."""

from leap_kedro.records import Example
from leap_kedro.records.episode import task_of
from leap_kedro.records.hashing import text_number

_ALL = 1 << 64


def is_held_out(task: str, share: float) -> bool:
    """Whether what a teacher said on a task is held out: a hash of the task's id decides, in all iterations alike.

    Args:
        task: Id of the task.
        share: Share of tasks that are held out, 0 to 1.
    """
    return text_number(task, bits=64) < share * _ALL


def may_be_trained_on(example: Example, share: float) -> bool:
    """Whether an example is a demonstration (those of D_0 are never held out), or on a task that is not held out."""
    return example.iteration == 0 or not is_held_out(task_of(example.episode), share)
