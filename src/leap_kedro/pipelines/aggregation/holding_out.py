"""Corrected episodes that are held out of every training, to measure the realizability gap."""

from leap_kedro.records import Example
from leap_kedro.records.episode import task_of
from leap_kedro.records.hashing import text_number

_ALL = 1 << 64


def is_held_out(task: str, share: float) -> bool:
    """Whether the corrections on a task are held out. A hash of its id decides, in the same way in every iteration."""
    return text_number(task, bits=64) < share * _ALL


def may_be_trained_on(example: Example, share: float) -> bool:
    """Whether an example is a demonstration (D_0 is never held out) or its task is not held out."""
    return example.iteration == 0 or not is_held_out(task_of(example.episode), share)
