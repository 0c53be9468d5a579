"""Adapters: trained, merged, continued, resumed."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from training_calls import by_two

from leap_kedro.training.adapters import UnusableAdapter
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, selected
from leap_kedro.training.parameters import FineTuning, LoraParameters, PreferenceParameters
from leap_kedro.training.progress import Progress

pytestmark = pytest.mark.slow

needs_bitsandbytes = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed: the extra [qlora]"
)
LORA = LoraParameters(rank=4, alpha=8)
PARAMETERS = FineTuning(
    max_steps=40, tokens_per_step=400, optimizer="adamw", learning_rate=0.02, warmup_steps=5, log_every=10, lora=LORA
)
STEPS_AGAIN = PARAMETERS.model_copy(update={"max_steps": 10})
ONE_STEP = PARAMETERS.model_copy(update={"max_steps": 1})


def load(folder: Path):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits(model):
    import torch

    with torch.inference_mode():
        return model(torch.arange(5, 35)[None]).logits


def continuing(parameters: FineTuning) -> FineTuning:
    lora = parameters.lora.model_copy(update={"start": "continue"})
    return parameters.model_copy(update={"lora": lora})


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path, copying: list[Packed]) -> Path:
    """Weights that have learnt something: under a random head, which stays as it is, no adapter learns."""
    folder = tmp_path_factory.mktemp("begun")
    whole = FineTuning(max_steps=60, tokens_per_step=400, log_every=60)
    fine_tune(tiny_llama, copying, whole, folder / "work", folder / "policy")
    return folder / "policy"


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory, start: Path, copying: list[Packed]):
    folder = tmp_path_factory.mktemp("adapted")
    result = fine_tune(start, copying, PARAMETERS, folder / "work", folder / "policy")
    return result, folder / "policy"


def test_an_adapter_learns_and_the_policy_is_a_plain_folder_with_its_weights_merged(adapted, start: Path) -> None:
    import torch
    from peft import PeftModel

    result, policy = adapted
    assert result.losses[-1][1] < result.losses[0][1] - 0.05
    merged = logits(load(policy))
    torch.testing.assert_close(merged, logits(PeftModel.from_pretrained(load(start), policy / "adapter").eval()))
    assert not torch.allclose(merged, logits(load(start)), atol=1e-3)
    assert sorted(path.name for path in (policy / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "base.json",
    ]


def test_a_fresh_adapter_is_made_for_the_merged_weights(adapted, tmp_path: Path, copying: list[Packed]) -> None:
    import torch
    from peft import PeftModel

    _, policy = adapted
    fine_tune(policy, copying, STEPS_AGAIN, tmp_path / "work", tmp_path / "next")
    assert json.loads((tmp_path / "next" / "adapter" / "base.json").read_text())["folder"] == str(policy)
    on_policy = PeftModel.from_pretrained(load(policy), tmp_path / "next" / "adapter").eval()
    torch.testing.assert_close(logits(load(tmp_path / "next")), logits(on_policy))


def test_a_continued_adapter_goes_on_on_the_base_it_was_made_for(
    adapted, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    import torch
    from peft import PeftModel

    first, policy = adapted
    again = fine_tune(policy, copying, continuing(STEPS_AGAIN), tmp_path / "work", tmp_path / "next")
    assert again.losses[0][1] < first.losses[0][1]
    assert json.loads((tmp_path / "next" / "adapter" / "base.json").read_text())["folder"] == str(start)
    on_base = PeftModel.from_pretrained(load(start), tmp_path / "next" / "adapter").eval()
    torch.testing.assert_close(logits(load(tmp_path / "next")), logits(on_base))
    assert not torch.allclose(logits(on_base), logits(load(policy)), atol=1e-3)


def test_a_killed_training_of_an_adapter_ends_in_the_same_weights(
    adapted, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    import torch
    from safetensors.torch import load_file

    lora = LORA.model_copy(update={"dropout": 0.2})
    how = PARAMETERS.model_copy(update={"lora": lora, "max_steps": 12, "checkpoint_every": 5})
    fine_tune(start, copying, how, tmp_path / "whole_work", tmp_path / "whole")

    class Killed(RuntimeError):
        pass

    def kill(_: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        fine_tune(start, copying, how, tmp_path / "work", tmp_path / "policy", on_progress=kill)
    result = fine_tune(start, copying, how, tmp_path / "work", tmp_path / "policy")
    assert result.resumed_at == 5
    whole = load_file(tmp_path / "whole" / "model.safetensors")
    for name, weights in load_file(tmp_path / "policy" / "model.safetensors").items():
        torch.testing.assert_close(weights, whole[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("nf4", marks=needs_bitsandbytes)])
def test_two_processes_with_all_that_saves_memory_take_the_steps_of_one(
    dtype: str, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    how = STEPS_AGAIN.model_copy(update={"max_steps": 4, "log_every": 1, "checkpoint_every": 2, "dtype": dtype})
    held_out = copying[:3]
    one = fine_tune(start, copying, how, tmp_path / "work", tmp_path / "policy", validation=held_out)
    saving = how.model_copy(update={"processes": 2, "accumulation_steps": 2, "gradient_checkpointing": True})
    two = by_two(start, copying, saving, tmp_path / "two", validation=held_out)
    assert two.world_size == 2
    assert dict(two.losses) == pytest.approx(dict(one.losses), rel=1e-4)
    assert dict(two.validation) == pytest.approx(dict(one.validation), rel=1e-4)


@pytest.mark.parametrize("reason", ["rank 4", "is gone", "has other weights now"])
def test_an_adapter_that_cannot_go_on_is_refused(
    reason: str, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    base, policy = tmp_path / "base", tmp_path / "policy"
    shutil.copytree(start, base)
    fine_tune(base, copying, ONE_STEP, tmp_path / "work", policy)
    how = continuing(ONE_STEP)
    if reason == "rank 4":
        how = how.model_copy(update={"lora": how.lora.model_copy(update={"rank": 8})})
    else:
        shutil.rmtree(base)
    if reason == "has other weights now":
        shutil.copytree(policy, base)
    with pytest.raises(UnusableAdapter, match=f"adapter.*{reason}.*lora.start=fresh"):
        fine_tune(policy, copying, how, tmp_path / "work_next", tmp_path / "next")


def test_modules_that_peft_refuses_are_named(start: Path, tmp_path: Path, copying: list[Packed]) -> None:
    lora = LORA.model_copy(update={"targets": ("conv1d",)})
    parameters = ONE_STEP.model_copy(update={"lora": lora})
    with pytest.raises(UnusableAdapter, match=r"lora\.targets=\('conv1d',\) on LlamaForCausalLM.*set lora to null"):
        fine_tune(start, copying, parameters, tmp_path / "work", tmp_path / "policy")


def test_preferences_are_learnt_by_an_adapter_that_goes_on(
    adapted, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    import torch
    from peft import PeftModel

    pairs = [selected(packed, [True, True, False]) for packed in copying]
    how = continuing(STEPS_AGAIN).model_copy(update={"preference": PreferenceParameters(), "log_every": 1})
    result = fine_tune(adapted[1], pairs, how, tmp_path / "work", tmp_path / "policy")
    assert result.losses[0][1] == pytest.approx(0.6931, abs=1e-4)
    assert result.losses[-1][1] < 0.69
    on_base = PeftModel.from_pretrained(load(start), tmp_path / "policy" / "adapter").eval()
    torch.testing.assert_close(logits(load(tmp_path / "policy")), logits(on_base))


@needs_bitsandbytes
def test_an_adapter_on_4_bits_learns_as_on_float32_and_is_merged_into_whole_weights(
    adapted, start: Path, tmp_path: Path, copying: list[Packed]
) -> None:
    import torch
    from peft import PeftModel

    how = PARAMETERS.model_copy(update={"dtype": "nf4", "gradient_checkpointing": True})
    result = fine_tune(start, copying, how, tmp_path / "work", tmp_path / "policy")
    assert dict(result.losses) == pytest.approx(dict(adapted[0].losses), rel=0.01)
    assert dict(result.losses) != pytest.approx(dict(adapted[0].losses), rel=1e-6)  # the base was in 4 bits
    merged = load(tmp_path / "policy")
    assert getattr(merged.config, "quantization_config", None) is None
    on_whole = PeftModel.from_pretrained(load(start), tmp_path / "policy" / "adapter").eval()
    torch.testing.assert_close(logits(merged), logits(on_whole))
    again = fine_tune(tmp_path / "policy", copying, continuing(how), tmp_path / "work_next", tmp_path / "next")
    assert again.losses[0][1] < result.losses[0][1]
