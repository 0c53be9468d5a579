"""Permutations of copy slots in training."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import environment_slots, make_benchmark
from leap_kedro.training.packing import Packed, Row, pack, unpacked
from leap_kedro.training.slots import permuted, slot_ids

TOKENIZER = build_tokenizer(environment_slots("webshop")[0], 256)
SLOTS = slot_ids(TOKENIZER)


def packed() -> Packed:
    first, second, word = int(SLOTS[0]), int(SLOTS[5]), TOKENIZER.get_vocab()["find"]
    trunk = (0, word, first, second)
    return pack([Row((*trunk, first), (0.0,) * 4 + (1.0,)), Row((*trunk, second, word), (0.0,) * 4 + (1.0, 0.5))])


def test_every_slot_of_the_vocabulary_is_permuted() -> None:
    assert TOKENIZER.convert_ids_to_tokens(SLOTS.tolist()) == [f"<s{number}>" for number in range(48)]


def test_a_closed_vocabulary_has_no_slots_and_is_left_as_it_is() -> None:
    closed = build_tokenizer(make_benchmark(EnvironmentSpec("webshop", {})).vocabulary(), 256)
    assert len(slot_ids(closed)) == 0
    before = packed()
    assert permuted(before, slot_ids(closed), 0, 1) is before


def test_equal_slots_stay_equal_and_nothing_else_changes() -> None:
    before = packed()
    after = permuted(before, SLOTS, 0, 7, 3)
    moved = dict(zip(before.input_ids.tolist(), after.input_ids.tolist(), strict=True))
    assert [moved[index] for index in before.targets.tolist()[:2]] == after.targets.tolist()[:2]
    assert {index for index, new in moved.items() if index != new} <= set(SLOTS.tolist())
    assert len(set(moved.values())) == len(moved)
    for name in ("ends", "sources", "weights", "rows"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
    assert [len(row) for row in unpacked(after)] == [len(row) for row in unpacked(before)]


@pytest.mark.parametrize("other", [(0, 7, 4), (0, 8, 3), (1, 7, 3)])
def test_a_permutation_depends_on_seed_step_and_sequence_alone(other: tuple[int, ...]) -> None:
    ids = permuted(packed(), SLOTS, 0, 7, 3).input_ids
    assert np.array_equal(ids, permuted(packed(), SLOTS, 0, 7, 3).input_ids)
    assert not np.array_equal(ids, permuted(packed(), SLOTS, *other).input_ids)


def test_the_trainer_permutes_in_each_step_and_not_in_an_evaluation() -> None:
    from leap_kedro.training.trainer import PackedTrainer

    trainer: Any = PackedTrainer.__new__(PackedTrainer)
    trainer.packs, trainer.training_count, trainer.tree, trainer.slots = [packed(), packed()], 2, True, SLOTS
    trainer.args = SimpleNamespace(seed=0, world_size=1, process_index=0)
    plain, first, again, later = (trainer.tensors_of([0, 1], 0, 1, step)["targets"] for step in (None, 3, 3, 4))
    assert plain.tolist() == [*packed().targets.tolist()] * 2
    assert first.tolist() == again.tolist()
    assert first.tolist() != later.tolist()
    assert first.tolist()[:3] != first.tolist()[3:]
