"""On a CUDA GPU: the decoding engine answers as on the CPU, and a LoRA step in bf16 fits where the estimate says.

`make gpu` runs these and the other tests with the fixture `device` on CUDA (a small loop, and vLLM where it is
installed), and shows the peak memory beside the estimate.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from chat_tokenizers import LLAMA_3, chat_tokenizer
from toys import save_toy_policy, toy_conversation

from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.training.estimate import GIB, LLAMA_3_8B, Load, ModelShape, training_memory
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning, LoraParameters

on_cuda = pytest.mark.parametrize("device", [pytest.param("cuda", marks=pytest.mark.gpu)], indirect=True)

SMALL = ModelShape(64, 2, 128, 4, 2, 16, 1000, tied=False)
OF_8B_WIDTH = replace(LLAMA_3_8B, layers=4)


def episode(shape: ModelShape, length: int) -> Packed:
    """Prompts of one conversation that grow, each with a reply of 20 tokens."""
    ids = torch.randint(3, shape.vocabulary, (length,), generator=torch.Generator().manual_seed(0)).tolist()
    ends = range(length // 8, length - 20, length // 8)
    return pack([Row((*ids[:end], *ids[-20:]), (0.0,) * end + (1.0,) * 20) for end in ends])


def save_random(folder: Path, shape: ModelShape, context: int, device: str) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        max_position_embeddings=context,
    )
    with torch.device(device):
        model: Any = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    chat_tokenizer(LLAMA_3, ["You see a desk 1."]).save_pretrained(folder)


def lora_step(shape: ModelShape, length: int, folder: Path, device: str) -> tuple[float, float]:
    """Losses of two steps on the same episode."""
    save_random(folder / "base", shape, length, device)
    lora = LoraParameters(rank=128, alpha=64, targets=("q_proj", "v_proj"))
    how = FineTuning(
        max_steps=2,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup_steps=0,
        dtype="bfloat16",
        gradient_checkpointing=True,
        lora=lora,
        log_every=1,
        device=device,  # type: ignore[arg-type]
    )
    packed = episode(shape, length)
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    result = fine_tune(folder / "base", [packed], how, folder / "work", folder / "policy")
    if device == "cuda":
        peak = torch.cuda.max_memory_allocated() / GIB
        estimate = sum(training_memory(shape, Load.of([packed]), how).values()) / GIB
        print(  # noqa: T201 - what the test is run for with `-s`
            f"\n{torch.cuda.get_device_name()}: {shape.weights / 1e9:.2f} billion parameters, {len(packed)} tokens, "
            f"peak {peak:.2f} GiB, estimate {estimate:.2f} GiB, {result.seconds / 2:.2f} s a step"
        )
        assert peak < 1.3 * estimate + 0.5
    (_, first), (_, second) = result.losses
    return first, second


@on_cuda
@pytest.mark.parametrize("hold", [True, False], ids=["held", "free"])
def test_the_engine_on_cuda_answers_as_on_the_cpu(tmp_path: Path, device: str, hold: bool) -> None:
    save_toy_policy(tmp_path)
    conversations = [toy_conversation(seed, turns=seed % 5) for seed in range(24)]
    spec = LocalPolicySpec(tmp_path, "toy", max_new_tokens=12, hold_to_admissible=hold, slots=8, dtype="float32")
    answered = {
        place: replace(spec, device=place).load().reply(conversations)  # type: ignore[arg-type]
        for place in ("cpu", device)
    }
    assert answered[device] == answered["cpu"]


def test_a_lora_step_in_bf16(tmp_path: Path, device: str) -> None:
    first, second = lora_step(SMALL, 400, tmp_path, device)
    assert 0 < second < first


@on_cuda
def test_a_lora_step_in_bf16_at_the_width_of_8b(tmp_path: Path, device: str) -> None:
    first, second = lora_step(OF_8B_WIDTH, 4000, tmp_path, device)
    assert 0 < second < first
