"""Batches: every sequence once a pass, like lengths together, the same from the same seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.training.batching import by_themselves, epoch_batches, plan
from leap_kedro.training.packing import Packed, row_lengths
from leap_kedro.training.parameters import FineTuning

lengths = st.lists(st.integers(min_value=1, max_value=300), min_size=1, max_size=200)


@given(lengths=lengths, seed=st.integers(min_value=0, max_value=5), shuffle=st.booleans())
def test_a_pass_holds_each_sequence_once_within_the_budget(lengths: list[int], seed: int, shuffle: bool) -> None:
    batches = epoch_batches(lengths, 200, seed, 0, shuffle)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= 200
    assert batches == epoch_batches(lengths, 200, seed, 0, shuffle)


@given(
    sequences=st.lists(st.tuples(st.integers(min_value=1, max_value=300), st.integers(min_value=1, max_value=20))),
    most=st.integers(min_value=1, max_value=40),
)
def test_a_batch_has_no_more_replies_than_said(sequences: list[tuple[int, int]], most: int) -> None:
    lengths, replies = [length for length, _ in sequences], [count for _, count in sequences]
    batches = epoch_batches(lengths, 2000, 0, 0, replies=replies, replies_per_step=most)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or sum(replies[index] for index in batch) <= most
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= 2000


def test_passes_and_seeds_have_orders_of_their_own() -> None:
    lengths = list(range(10, 60))
    orders = [epoch_batches(lengths, 100, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_padding_is_small() -> None:
    lengths = [20 + 7 * index % 300 for index in range(2000)]
    batches = epoch_batches(lengths, 1200, 0, 0)
    padded = sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)
    assert padded < 1.05 * sum(lengths)


def test_a_curriculum_keeps_its_order_but_for_the_pool() -> None:
    order = [index for batch in epoch_batches([100] * 10_000, 1000, 0, 0, shuffle=False) for index in batch]
    assert max(abs(place - index) for place, index in enumerate(order)) <= 650


@pytest.mark.parametrize(
    ("budget", "steps"), [({"max_steps": 7}, 7), ({"epochs": 2}, 20), ({"max_tokens": 1450}, 15), ({"epochs": 1}, 10)]
)
def test_budgets(budget: dict[str, int], steps: int) -> None:
    assert len(plan([50] * 20, FineTuning(tokens_per_step=100, **budget))) == steps


@pytest.mark.parametrize(("together", "pieces"), [(1, 3), (2, 2)])
def test_rows_by_themselves_stay_in_the_steps_of_their_sequences(
    copying: list[Packed], together: int, pieces: int
) -> None:
    batches = [[4, 0], [7], [4]]
    rows, steps = by_themselves(copying, batches, together)
    assert len(rows) == pieces * len(copying)
    assert [len(step) for step in steps] == [2 * pieces, pieces, pieces]
    for batch, step in zip(batches, steps, strict=True):
        for index, place in zip(batch, step[::pieces], strict=True):
            found = [length for row in rows[place : place + pieces] for length in row_lengths(row)]
            assert found == row_lengths(copying[index]).tolist()


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        plan([], FineTuning(epochs=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 1, "learning_rate": -1.0}, "learning_rate"),
        ({"epochs": 1, "max_steps": 3}, "exactly one budget .* got max_steps and epochs"),
        ({}, "exactly one budget .* got none"),
        ({"epochs": 1, "dtype": "nf4"}, "nf4 .* set lora"),
        ({"epochs": 1, "learning_rte": 0.1}, "learning_rte"),
    ],
)
def test_wrong_parameters_are_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FineTuning(**wrong)
