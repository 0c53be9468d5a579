"""Attention along the tree against the model's own attention with a mask."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.mask_check import why_no_tree
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.tree_attention import tree_attention, uses_tree_attention

WIDE = {"vocab_size": 40, "hidden_size": 256, "num_hidden_layers": 2, "intermediate_size": 64}
GROUPED = {"num_attention_heads": 8, "num_key_value_heads": 2}


def model(kind: str = "llama", **changes: object):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**WIDE, **GROUPED, **changes}))


def episode(seed: int, turns: int) -> Packed:
    """A trunk that grows by a few tokens at each turn, with a reply at each, longer than a block in all."""
    made = torch.Generator().manual_seed(seed)
    trunk: list[int] = torch.randint(0, 40, (50,), generator=made).tolist()
    rows = []
    for _ in range(turns):
        reply = torch.randint(0, 40, (9,), generator=made).tolist()
        rows.append(Row((*trunk, *reply), (0.0,) * len(trunk) + (1.0,) * 9))
        trunk = [*trunk, *torch.randint(0, 40, (14,), generator=made).tolist()]
    return pack(rows)


def gradients(trained, packs: list[Packed]) -> tuple[float, torch.Tensor]:
    loss = packed_loss(trained, collate(packs))
    loss.backward()
    found = torch.cat([weights.grad.flatten() for weights in trained.parameters()])
    trained.zero_grad()
    return float(loss.detach()), found


@pytest.mark.parametrize(("dtype", "apart"), [(torch.float32, 1e-5), (torch.bfloat16, 0.04)])
def test_loss_and_gradients_are_those_of_the_mask(dtype: torch.dtype, apart: float) -> None:
    packs = [episode(0, 9), episode(1, 3)]
    trained = model().to(dtype)
    loss, expected = gradients(trained, packs)
    with tree_attention(trained):
        tree_loss, found = gradients(trained, packs)
    assert uses_tree_attention(trained)
    assert tree_loss == pytest.approx(loss, rel=apart)
    assert float((found - expected).norm() / expected.norm()) < apart


def test_gradient_checkpointing_changes_nothing() -> None:
    trained = model().train()
    with tree_attention(trained):
        loss, expected = gradients(trained, [episode(0, 9)])
        trained.gradient_checkpointing_enable({"use_reentrant": False})
        again, found = gradients(trained, [episode(0, 9)])
    assert again == loss
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("kind", "changes", "switched"),
    [
        ("llama", {}, True),
        ("qwen3", {}, True),
        ("llama", {"hidden_size": 96}, False),  # it would gain nothing
        ("mistral", {"sliding_window": 200}, True),  # no row is longer
        ("gpt2", {"n_embd": 256, "n_head": 4, "attn_pdrop": 0.0}, True),
    ],
)
def test_it_is_used_where_it_pays_and_gives_the_same_logits(kind: str, changes: dict, switched: bool) -> None:
    packs = [episode(0, 9)]
    assert packs[0].depth < 200 < len(packs[0])
    trained = model(kind, **changes)
    assert why_no_tree(trained, packs) == ""
    assert uses_tree_attention(trained) == switched
