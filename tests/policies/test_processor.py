"""Number formats, by what the processor computes in."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from leap_kedro.policies import processor
from leap_kedro.policies.folder import load_policy
from leap_kedro.training import fine_tuning
from leap_kedro.training.parameters import FineTuning, LoraParameters

BFLOAT16 = SimpleNamespace(dtype=torch.bfloat16)
LORA = FineTuning(max_steps=1, lora=LoraParameters())


@pytest.fixture(params=[True, False], ids=["with bfloat16", "without"])
def computes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": request.param, "avx2": True})
    processor.computes_bfloat16.cache_clear()
    yield request.param
    processor.computes_bfloat16.cache_clear()


def test_a_model_keeps_its_format_where_the_processor_computes_in_it(computes: bool) -> None:
    assert processor.loaded_dtype(BFLOAT16, "auto", "cpu") == ("auto" if computes else "float32")
    assert processor.loaded_dtype(BFLOAT16, "auto", "cuda") == "auto"
    assert processor.loaded_dtype(BFLOAT16, "bfloat16", "cpu") == "bfloat16"
    assert processor.loaded_dtype(SimpleNamespace(dtype=torch.float32), "auto", "cpu") == "auto"
    assert processor.loaded_dtype(SimpleNamespace(dtype=torch.float16), "auto", "cpu") == "float32"


def test_a_folder_in_bfloat16_is_loaded_so(computes: bool, tiny_base: Path, tmp_path: Path) -> None:
    model, tokenizer = load_policy(tiny_base)
    assert model.dtype == torch.float32
    model.to(torch.bfloat16).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert load_policy(tmp_path)[0].dtype == (torch.bfloat16 if computes else torch.float32)


@pytest.mark.parametrize(
    ("parameters", "cuda", "expected"),
    [
        (LORA, False, None),
        (LORA, True, True),
        (FineTuning(max_steps=1), False, False),  # trained weights are float32
        (LORA.model_copy(update={"dtype": "float32"}), True, False),
        (LORA.model_copy(update={"dtype": "bfloat16"}), False, True),
    ],
)
def test_a_training_computes_in_it_if_the_frozen_weights_are_in_it(
    parameters: FineTuning, cuda: bool, expected: bool | None, computes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fine_tuning, "load_config", lambda folder: BFLOAT16)
    found = fine_tuning.computes_in_bfloat16(Path("base"), parameters, cuda)
    assert found == (computes if expected is None else expected)
