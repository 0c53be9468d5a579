"""The tree form against the rows that it packs: same loss, same gradients."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import trunk_ids
from leap_kedro.records import Example, Target, Turn
from leap_kedro.training.tree import Branch, Tree, flat_depth, flat_length, flatten, tree_of

VOCABULARY = 30
token = st.integers(min_value=0, max_value=VOCABULARY - 1)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    trunk = tuple(draw(st.lists(token, min_size=2, max_size=12)))
    branches = draw(
        st.lists(
            st.builds(
                Branch,
                at=st.integers(min_value=1, max_value=len(trunk)),
                prompt=st.lists(token, max_size=3).map(tuple),
                completion=st.lists(token, min_size=1, max_size=4).map(tuple),
                weight=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    return Tree(trunk, tuple(branches), draw(st.sampled_from([0.0, 0.2])))


def rows(tree: Tree) -> Iterator[tuple[tuple[int, ...], list[float]]]:
    """Each prediction chain as a plain row: its ids and the weight of predicting each of them."""
    if tree.trunk_weight:
        yield tree.trunk, [0.0] + [tree.trunk_weight] * (len(tree.trunk) - 1)
    for branch in tree.branches:
        before = tree.trunk[: branch.at] + branch.prompt
        yield before + branch.completion, [0.0] * len(before) + [branch.weight] * len(branch.completion)


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


@settings(max_examples=25, deadline=None)
@given(batch=st.lists(trees(), min_size=1, max_size=3))
def test_loss_and_gradients_of_a_padded_batch_equal_those_of_the_unpacked_rows(model, batch: list[Tree]) -> None:
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import tree_loss

    packed = tree_loss(model, collate([flatten(tree) for tree in batch]))
    packed_gradients = torch.autograd.grad(packed, list(model.parameters()), allow_unused=False)

    total = torch.zeros(())
    for tree in batch:
        for ids, weights in rows(tree):
            logits = model(input_ids=torch.tensor([ids])).logits[0, :-1]
            losses = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")
            total = total + (losses * torch.tensor(weights[1:])).sum()
    gradients = torch.autograd.grad(total, list(model.parameters()))

    torch.testing.assert_close(packed, total, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(packed_gradients, gradients, strict=True):
        scale = float(theirs.abs().max())
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * scale + 1e-7)


@given(tree=trees())
def test_length_and_depth_are_known_without_flattening(tree: Tree) -> None:
    flat = flatten(tree)
    assert len(flat) == flat_length(tree)
    assert flat.position_ids.max() + 1 == flat_depth(tree)


def test_what_predicts_nothing_is_left_out() -> None:
    flat = flatten(Tree((1, 2, 3, 4, 5), (Branch(2, (9,), (7, 8)),)))
    assert flat.input_ids.tolist() == [1, 2, 9, 7]
    assert flat.position_ids.tolist() == [0, 1, 2, 3]
    assert flat.sources.tolist() == [2, 3]
    assert flat.targets.tolist() == [7, 8]


def test_replies_without_a_prompt_may_share_the_token_that_predicts_them() -> None:
    flat = flatten(Tree((1, 2), (Branch(2, (), (7,)), Branch(2, (), (8,), 2.0)), trunk_weight=0.5))
    assert flat.input_ids.tolist() == [1, 2]
    assert flat.sources.tolist() == [0, 1, 1]
    assert flat.targets.tolist() == [2, 7, 8]
    assert flat.weights.tolist() == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        (Branch(3, (9,), (7,)), "token 3 of a trunk of 2"),
        (Branch(1, (9,), ()), "empty completion"),
        (Branch(0, (), (7,)), "nothing before"),
    ],
)
def test_branches_that_hang_on_nothing_are_refused(branch: Branch, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tree((1, 2), (branch,))


class Letters:
    """A renderer whose tokens are the letters."""

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        return [ord(letter) for letter in privileged + observation]

    def turn(self, turn: Turn) -> list[int]:
        return [ord(letter) for letter in f">{turn.action}|{turn.observation}"]

    def branch(self) -> list[int]:
        return [ord("?")]

    def completion(self, reason: str, action: str) -> list[int]:
        return [ord(letter) for letter in f"{reason}>{action}."]


def test_each_target_branches_from_the_prompt_of_its_decision() -> None:
    turns = (Turn("go", "a desk"), Turn("take", "a mug"))
    example = Example(
        episode="0/t/0",
        iteration=0,
        environment="letters",
        opening="room",
        turns=turns,
        targets=(Target(0, "look", "go"), Target(2, "done", "stop", weight=0.5)),
        privileged="!",
    )
    tree = tree_of(example, Letters())
    assert tree.trunk_weight == 0
    for branch, target in zip(tree.branches, example.targets, strict=True):
        conversation = Conversation("0/t/0", "room", turns[: target.step], privileged="!")
        assert list(tree.trunk[: branch.at]) == trunk_ids(Letters(), conversation)
        assert list(branch.prompt) == Letters().branch()
        assert list(branch.completion) == Letters().completion(target.reason, target.action)
        assert branch.weight == target.weight
