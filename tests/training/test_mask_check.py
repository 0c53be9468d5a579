"""Packing asked of real architectures."""

from pathlib import Path

import pytest

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.launch import TrainingFailed, train
from leap_kedro.training.mask_check import why_no_tree
from leap_kedro.training.packing import Packed, Row, pack, row_lengths
from leap_kedro.training.parameters import FineTuning

pytestmark = pytest.mark.slow

SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 24}


def model(kind: str, **changes):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SMALL, **changes))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("llama", HEADS),
        ("qwen2", HEADS),
        ("mistral", HEADS | {"sliding_window": 64}),
        ("gpt2", {"n_embd": 16, "n_head": 2}),
    ],
)
def test_attention_over_all_that_came_before_takes_the_tree(kind: str, changes: dict, copying: list[Packed]) -> None:
    assert why_no_tree(model(kind, **changes), copying) == ""


def test_a_window_shorter_than_the_rows_does_not(copying: list[Packed]) -> None:
    assert "differ from those of single rows" in why_no_tree(model("mistral", **HEADS, sliding_window=4), copying)


def test_a_model_without_attention_does_not(copying: list[Packed]) -> None:
    assert "its attention does not support the mask (" in why_no_tree(model("mamba", state_size=4), copying)


def test_data_without_a_branch_need_no_tree(copying: list[Packed]) -> None:
    assert why_no_tree(model("mamba", state_size=4), [pack([Row((1, 2, 3), (0, 1, 1))])]) == ""


@pytest.fixture
def windowed(tmp_path: Path, tiny_llama: Path) -> Path:
    from transformers import AutoTokenizer

    folder = tmp_path / "windowed"
    model("mistral", **HEADS, sliding_window=4).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(folder)
    return folder


def test_what_takes_no_tree_is_trained_on_single_rows_and_says_so(
    windowed: Path, copying: list[Packed], tmp_path: Path
) -> None:
    result = fine_tune(windowed, copying, FineTuning(max_steps=2), tmp_path / "work", tmp_path / "policy")
    assert result.packing == "none"
    assert "differ from those of single rows" in result.why_not_packed
    tree = FineTuning(max_steps=2, packing="tree")
    with pytest.raises(TrainingFailed, match=r"MistralForCausalLM cannot be trained with packing=tree: its logits"):
        train(windowed, copying, tree, tmp_path / "work_2", tmp_path / "policy_2")


def test_single_rows_take_the_steps_of_the_tree(tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    results = {}
    for packing, parts in (("tree", 1), ("none", 1), ("none", 5)):
        how = FineTuning(epochs=1, tokens_per_step=100, log_every=1, packing=packing, accumulation_steps=parts)
        folder = tmp_path / f"{packing}_{parts}"
        results[packing, parts] = fine_tune(tiny_llama, copying, how, folder / "work", folder / "policy")
    tree = results.pop(("tree", 1))
    assert (tree.packing, tree.tokens) == ("tree", sum(map(len, copying)))
    expected = load_file(tmp_path / "tree_1" / "policy" / "model.safetensors")
    for (_, parts), result in results.items():
        assert (result.packing, result.why_not_packed) == ("none", "")
        assert result.tokens == sum(int((row_lengths(packed) - 1).sum()) for packed in copying)
        assert dict(result.losses) == pytest.approx(dict(tree.losses), rel=1e-4)
        for name, found in load_file(tmp_path / f"none_{parts}" / "policy" / "model.safetensors").items():
            torch.testing.assert_close(found, expected[name], rtol=0, atol=1e-4)
