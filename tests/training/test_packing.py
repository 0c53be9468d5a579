"""Packed rows against the rows themselves: same loss, same gradients, same log-probabilities."""

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.select import renderer_for
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import rows_of
from leap_kedro.training.packing import Packed, Row, fitting, pack, unpacked

VOCABULARY = 12
token = st.integers(min_value=0, max_value=VOCABULARY - 1)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    ids = tuple(draw(st.lists(token, min_size=2, max_size=9)))
    weights = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(ids), max_size=len(ids)))
    return Row(ids, (0.0, *weights[1:-1], weights[-1] or 1.0))


@st.composite
def related_rows(draw: st.DrawFn) -> list[Row]:
    """Rows of few tokens, of which many share their beginnings, some are others' beginnings, and some occur twice."""
    made = draw(st.lists(rows(), min_size=1, max_size=6))
    for parent in draw(st.lists(st.sampled_from(made), max_size=3)):
        kept = draw(st.integers(min_value=2, max_value=len(parent.ids)))
        tail = tuple(draw(st.lists(token, max_size=4)))
        made.append(Row((*parent.ids[:kept], *tail), (0.0,) * (kept - 1) + (1.0,) * (len(tail) + 1)))
    return draw(st.permutations(made))


@pytest.fixture(scope="module")
def model():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        tie_word_embeddings=True,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config)


LONG = Row((1, 2, 3, 4, 5), (0, 0, 0, 0, 1))


def astuple(packed: Packed) -> tuple[list[float], ...]:
    return tuple(getattr(packed, field.name).tolist() for field in fields(Packed))


def logprobs_one_by_one(model, row: Row):
    """The definition: log-probability of each token of a row but the first, of a plain forward pass."""
    import torch

    logits = model(input_ids=torch.tensor([row.ids])).logits[0, :-1].log_softmax(-1)
    return logits[torch.arange(len(row.ids) - 1), list(row.ids[1:])]


def assert_the_same_objective(model, groups: Sequence[list[Row]], packs: Sequence[Packed]) -> None:
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_logits, packed_loss

    batch = collate(packs)
    loss = packed_loss(model, batch)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    single = [(row, logprobs_one_by_one(model, row)) for group in groups for row in group]
    expected = -sum((logprobs * torch.tensor(row.weights[1:])).sum() for row, logprobs in single)
    expected_gradients = torch.autograd.grad(expected, list(model.parameters()))

    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()) + 1e-7)

    with torch.inference_mode():
        found = packed_logits(model, batch).log_softmax(-1).gather(1, batch["targets"][:, None])[:, 0]
        of_rows = torch.zeros(len(single)).index_add(0, batch["rows"], found)
        predicted = [logprobs_one_by_one(model, row)[np.flatnonzero(row.weights) - 1].sum() for row, _ in single]
    torch.testing.assert_close(of_rows, torch.stack(predicted), rtol=1e-5, atol=1e-5)


@settings(max_examples=40)
@given(groups=st.lists(related_rows(), min_size=1, max_size=3))
def test_packed_along_their_tree_rows_keep_loss_gradients_and_logprobs(model, groups: list[list[Row]]) -> None:
    assert_the_same_objective(model, groups, [pack(group) for group in groups])


@settings(max_examples=15)
@given(group=related_rows())
def test_unpacked_again_they_do_too(model, group: list[Row]) -> None:
    pieces = unpacked(pack(group))
    assert_the_same_objective(model, [[row] for row in group], pieces)
    for row, piece in zip(group, pieces, strict=True):
        last = int(np.flatnonzero(row.weights)[-1])
        assert piece.input_ids.tolist() == list(row.ids[:last])
        assert piece.ends.tolist() == [last] * last


@given(group=related_rows())
def test_each_shared_beginning_is_there_once(group: list[Row]) -> None:
    packed = pack(group)
    read = [row.ids[: int(np.flatnonzero(row.weights)[-1])] for row in group]
    assert len(packed) == len({ids[:end] for ids in read for end in range(1, len(ids) + 1)})
    assert packed.depth == max(map(len, read))
    assert packed.row_count == len(group)


def test_real_episodes_keep_loss_gradients_and_logprobs(tiny_base) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    renderer = renderer_for(AutoTokenizer.from_pretrained(tiny_base))
    assert isinstance(renderer, EmbeddedRenderer)
    benchmark = ALFWorld(**{"source": "generated"})
    tasks = benchmark.tasks("train", 3, 0)
    groups = [
        rows_of(played.example(), renderer)
        for played in demonstrations(benchmark, tasks, "surfaces", max_actions=8, noise=0.3, seed=0)
    ]
    packs = [pack(group) for group in groups]
    assert sum(map(len, packs)) < 0.5 * sum(len(row.ids) for group in groups for row in group)
    assert_the_same_objective(model, groups, packs)


@given(groups=st.lists(related_rows(), min_size=1, max_size=4), longest=st.integers(2, 9))
def test_rows_that_are_too_long_leave_what_the_others_pack_to(groups: list[list[Row]], longest: int) -> None:
    fits = [[row for row in group if np.flatnonzero(row.weights)[-1] < longest] for group in groups]
    remaining, dropped = fitting([pack(group) for group in groups], longest)
    assert dropped == sum(map(len, groups)) - sum(map(len, fits))
    expected = [pack(group) for group in fits if group]
    assert [astuple(packed) for packed in remaining] == [astuple(packed) for packed in expected]


def test_a_pair_is_dropped_as_a_whole() -> None:
    pair, long_pair = [Row((1, 2, 3), (0, 0, 1)), Row((1, 2, 4), (0, 0, 1))], [Row((1, 2, 3), (0, 0, 1)), LONG]
    remaining, dropped = fitting([pack([*pair, *long_pair])], 4, together=2)
    assert dropped == 1
    assert [astuple(packed) for packed in remaining] == [astuple(pack(pair))]


def test_what_predicts_nothing_is_left_out() -> None:
    packed = pack([Row((1, 2, 9, 7, 8, 5), (0, 0, 0, 1, 1, 0))])
    assert packed.input_ids.tolist() == [1, 2, 9, 7]
    assert packed.position_ids.tolist() == [0, 1, 2, 3]
    assert packed.sources.tolist() == [2, 3]
    assert packed.targets.tolist() == [7, 8]


def test_branches_leave_from_the_token_that_they_share() -> None:
    packed = pack([Row((1, 2, 8), (0, 0, 2)), Row((1, 2, 7, 4), (0, 0.5, 1, 1)), Row((1, 2, 7, 5), (0, 0, 0, 3))])
    assert packed.input_ids.tolist() == [1, 2, 7]
    assert packed.sources.tolist() == [1, 0, 1, 2, 2]
    assert packed.targets.tolist() == [8, 2, 7, 4, 5]
    assert packed.weights.tolist() == [2, 0.5, 1, 1, 3]
    assert packed.rows.tolist() == [0, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Row((1, 2), (0.0,)), "2 token ids has 1 weights"),
        (lambda: Row((1, 2), (1.0, 1.0)), "first token"),
        (lambda: Row((1, 2), (0.0, 0.0)), "predicts nothing"),
        (lambda: pack([]), "no rows"),
    ],
)
def test_rows_that_teach_nothing_are_refused(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()
