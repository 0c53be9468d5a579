"""Options of a fine-tuning that change memory and speed, and what they leave as it is."""

from pathlib import Path

import pytest

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning, LoraParameters, PreferenceParameters
from leap_kedro.training.progress import TrainingResult

pytestmark = pytest.mark.slow

PARAMETERS = FineTuning(max_steps=6, tokens_per_step=200, learning_rate=0.01, warmup_steps=2, log_every=1)


def trained(start: Path, packs: list[Packed], folder: Path, **changes: object) -> tuple[TrainingResult, dict]:
    from safetensors.torch import load_file

    how = PARAMETERS.model_copy(update=changes)
    result = fine_tune(start, packs, how, folder / "work", folder / "policy")
    return result, load_file(folder / "policy" / "model.safetensors")


@pytest.fixture(scope="module")
def plain(tiny_llama: Path, copying: list[Packed], tmp_path_factory: pytest.TempPathFactory):
    return trained(tiny_llama, copying, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("changes", [{"accumulation_steps": 3}, {"gradient_checkpointing": True}], ids=str)
def test_what_saves_memory_takes_the_same_steps(
    plain, changes: dict[str, object], tiny_llama: Path, copying: list[Packed], tmp_path: Path
) -> None:
    import torch

    result, weights = trained(tiny_llama, copying, tmp_path, **changes)
    assert dict(result.losses) == pytest.approx(dict(plain[0].losses), rel=1e-5)
    for name, expected in plain[1].items():
        torch.testing.assert_close(weights[name], expected, rtol=0, atol=1e-5)


def test_what_weighs_little_makes_a_small_step_also_in_a_batch_of_its_own(tiny_llama: Path, tmp_path: Path) -> None:
    weights = (1.0, 0.25)
    packs = [pack([Row((9, 3, 9, 2), (0, 0, weight, weight))]) for weight in weights for _ in range(4)]
    how = {"epochs": 1, "max_steps": None, "tokens_per_step": 1, "learning_rate": 1e-9}
    losses = sorted(loss for _, loss in trained(tiny_llama, packs, tmp_path, **how)[0].losses)
    assert losses[4:] == pytest.approx([4 * loss for loss in losses[:4]], rel=1e-4)
    assert sum(losses) / 8 == pytest.approx(3.7, abs=0.3)  # that of equal weights: about log 40


def test_preferences_in_parts_take_the_same_steps(tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    from leap_kedro.training.packing import selected

    pairs = [selected(packed, [True, True, False]) for packed in copying]
    how = {"preference": PreferenceParameters(sft_weight=0.5)}
    whole, _ = trained(tiny_llama, pairs, tmp_path / "whole", **how)
    parts, _ = trained(tiny_llama, pairs, tmp_path / "parts", accumulation_steps=3, **how)
    assert dict(parts.losses) == pytest.approx(dict(whole.losses), rel=1e-5)
    assert parts.preference == pytest.approx(whole.preference, abs=1e-5)


def test_bfloat16_trains_weights_in_float32(plain, tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    import torch

    result, weights = trained(tiny_llama, copying, tmp_path, dtype="bfloat16")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert dict(result.losses) == pytest.approx(dict(plain[0].losses), rel=0.02)
    assert dict(result.losses) != dict(plain[0].losses)


def test_under_an_adapter_frozen_weights_are_bfloat16(tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    how = {"dtype": "bfloat16", "lora": LoraParameters(rank=4), "gradient_checkpointing": True}
    result, weights = trained(tiny_llama, copying, tmp_path, **how)
    assert result.losses[-1][1] < result.losses[0][1]
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    adapter = load_file(tmp_path / "policy" / "adapter" / "adapter_model.safetensors")
    assert {weight.dtype for weight in adapter.values()} == {torch.float32}
