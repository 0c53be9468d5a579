"""Permutes copy slots in training, so that their numbers have no meaning (see `environments.vocabulary.CopySlots`).

A permutation exchanges token ids and nothing else, so the prefix tree of packed rows stays valid. Every sequence gets
its own in each step.
"""

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leap_kedro.prompts.embedded import SLOTS
from leap_kedro.training.packing import Packed

_SLOT = re.compile(r"<s\d+>")


def slot_ids(tokenizer: Any) -> NDArray[np.int32]:
    """Token ids of the slots of a tokenizer, in ascending order; none for tokenizers without copy slots."""
    has_slots = SLOTS in tokenizer.init_kwargs
    found = [index for token, index in tokenizer.get_vocab().items() if has_slots and _SLOT.fullmatch(token)]
    return np.array(sorted(found), dtype=np.int32)


def permuted(packed: Packed, slots: NDArray[np.int32], *seed: int) -> Packed:
    """The same rows with slots exchanged.

    Args:
        packed: Packed rows.
        slots: Token ids of the slots, in ascending order.
        seed: Numbers that determine the permutation.
    """
    if not len(slots):
        return packed
    largest = max(int(slots[-1]), int(packed.input_ids.max()), int(packed.targets.max()))
    table = np.arange(largest + 1, dtype=np.int32)
    table[slots] = np.random.default_rng(seed).permutation(slots)
    return replace(packed, input_ids=table[packed.input_ids], targets=table[packed.targets])
