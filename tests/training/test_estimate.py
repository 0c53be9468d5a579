"""Estimates against what PyTorch itself counts: parameters, operations, bytes kept for the backward pass."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

from leap_kedro.training.collator import collate
from leap_kedro.training.estimate import (
    GIB,
    LLAMA_3_8B,
    Load,
    ModelShape,
    training_memory,
    training_operations,
)
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning, LoraParameters

CONFIG = {
    "vocab_size": 600,
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
LORA = LoraParameters(rank=8, alpha=8, targets=("q_proj", "v_proj"))
HOWS = {
    "lora": FineTuning(max_steps=1, lora=LORA, dtype="float32"),
    "lora, checkpointed": FineTuning(max_steps=1, lora=LORA, dtype="float32", gradient_checkpointing=True),
    "full": FineTuning(max_steps=1, dtype="float32"),
}
hows = pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)


def episode() -> Packed:
    """Rows of one conversation: prompts that grow, each with a reply."""
    ids = np.random.default_rng(0).integers(1, 600, 400).tolist()
    return pack([Row((*ids[:end], *ids[-20:]), (0.0,) * end + (1.0,) * 20) for end in range(60, 361, 60)])


def model(how: FineTuning) -> Any:
    torch.manual_seed(0)
    built: Any = LlamaForCausalLM(LlamaConfig(**CONFIG)).train()
    if how.gradient_checkpointing:
        built.activation_checkpointing_enable()
    if how.lora:
        from peft import LoraConfig, get_peft_model

        built = get_peft_model(built, LoraConfig(r=how.lora.rank, target_modules=list(how.lora.targets)))
    return built


def meta(build: Callable[[], Any]) -> Any:
    with torch.device("meta"):
        return build()


def test_numbers_of_llama_3_8b_and_of_the_papers_adapter() -> None:
    from peft import LoraConfig, get_peft_model

    config = LlamaConfig(
        vocab_size=128256,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    llama = meta(lambda: LlamaForCausalLM(config))
    assert ModelShape.of(config.to_dict()) == LLAMA_3_8B
    assert LLAMA_3_8B.weights == llama.num_parameters() == 8_030_261_248
    for targets in (("q_proj", "v_proj"), "all-linear"):
        chosen = targets if isinstance(targets, str) else list(targets)
        adapted = meta(lambda: get_peft_model(LlamaForCausalLM(config), LoraConfig(r=128, target_modules=chosen)))  # noqa: B023
        trained, _ = adapted.get_nb_trainable_parameters()
        assert LLAMA_3_8B.adapter_weights(128, targets) == trained


@hows
def test_operations_are_those_that_pytorch_counts(how: FineTuning) -> None:
    packed, trained = episode(), model(how)
    # The other kernels are not counted on a CPU.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        packed_loss(trained, collate([packed]), trained).backward()
    estimated = training_operations(ModelShape.of(CONFIG), Load.of([packed]), how)
    assert estimated == pytest.approx(counter.get_total_flops(), rel=0.06)


@hows
def test_activations_are_those_that_pytorch_keeps(how: FineTuning) -> None:
    packed, trained = episode(), model(how)
    own = {weights.data_ptr() for weights in trained.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    batch = collate([packed])
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        packed_loss(trained, batch, trained)
    memory = training_memory(ModelShape.of(CONFIG), Load.of([packed]), how)
    expected = memory["activations kept for the backward pass"] + memory["logits of the predictions"] // 4
    if not how.gradient_checkpointing:
        expected += memory["activations inside one layer"] + memory["attention mask"]
    assert 0.85 < sum(kept.values()) / expected < 1.1


def test_a_llama_3_8b_with_the_papers_adapter_fits_a_gpu_of_48_gb() -> None:
    lora = LoraParameters(rank=128, alpha=64, targets=("q_proj", "v_proj"))
    load = Load(length=4000, width=1, predictions=800, tokens=4000, squares=4000**2, total_predictions=800)
    how = FineTuning(max_steps=1, lora=lora, dtype="bfloat16", gradient_checkpointing=True)
    memory = training_memory(LLAMA_3_8B, load, how)
    assert memory["frozen weights"] / GIB == pytest.approx(14.96, abs=0.01)
    assert sum(memory.values()) < 24 * GIB
    quantized = training_memory(LLAMA_3_8B, load, how.model_copy(update={"dtype": "nf4"}))
    assert quantized["frozen weights"] / GIB == pytest.approx(5.31, abs=0.01)
    assert {name for name in memory if memory[name] != quantized[name]} == {"frozen weights"}
    without = training_memory(LLAMA_3_8B, load, how.model_copy(update={"gradient_checkpointing": False}))
    assert sum(without.values()) > 34 * GIB
    whole = training_memory(LLAMA_3_8B, load, how.model_copy(update={"lora": None}))
    assert sum(whole.values()) > 120 * GIB
