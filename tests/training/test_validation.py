"""The last checkpoint and the best one, by the loss on data that are not trained on."""

from pathlib import Path

import pytest

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.models import best_folder
from leap_kedro.training.packing import Packed, selected
from leap_kedro.training.parameters import FineTuning, LoraParameters, PreferenceParameters
from leap_kedro.training.progress import Progress

pytestmark = pytest.mark.slow

OVERFITTING = FineTuning(
    max_steps=20, tokens_per_step=200, learning_rate=0.05, warmup_steps=2, flat_share=1, log_every=5, checkpoint_every=4
)


@pytest.fixture(scope="module")
def seen(copying: list[Packed]) -> list[Packed]:
    return copying[:3]


@pytest.fixture(scope="module")
def unseen(copying: list[Packed]) -> list[Packed]:
    return copying[30:]


def loss_of(folder: Path, packs: list[Packed]) -> float:
    import torch
    from transformers import AutoModelForCausalLM

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_loss

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        return float(packed_loss(model, collate(packs))) / sum(len(packed.weights) for packed in packs)


@pytest.mark.parametrize("lora", [None, LoraParameters(rank=8)], ids=["weights", "adapter"])
def test_the_best_checkpoint_is_kept_beside_the_last(
    lora: LoraParameters | None, tiny_llama: Path, seen: list[Packed], unseen: list[Packed], tmp_path: Path
) -> None:
    start = tmp_path / "start"
    fine_tune(tiny_llama, unseen, OVERFITTING, tmp_path / "work_of_start", start)
    how = OVERFITTING.model_copy(update={"lora": lora})
    result = fine_tune(start, seen, how, tmp_path / "work", tmp_path / "policy", validation=unseen)
    losses = dict(result.validation)
    assert list(losses) == [4, 8, 12, 16, 20]
    assert result.best_step == min(losses, key=losses.__getitem__) != 20
    assert loss_of(tmp_path / "policy", unseen) == pytest.approx(losses[20], rel=1e-5)
    assert loss_of(best_folder(tmp_path / "policy"), unseen) == pytest.approx(losses[result.best_step], rel=1e-5)
    assert (best_folder(tmp_path / "policy") / "adapter").exists() == bool(lora)


def test_validation_changes_no_step_and_survives_an_interruption(
    tiny_llama: Path, seen: list[Packed], unseen: list[Packed], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    alone = fine_tune(tiny_llama, seen, OVERFITTING, tmp_path / "work_alone", tmp_path / "alone")
    assert (alone.validation, alone.best_step) == ((), None)

    class Killed(RuntimeError):
        pass

    def kill(progress: Progress) -> None:
        if progress.step == 15:
            raise Killed

    where = (tmp_path / "work", tmp_path / "policy")
    with pytest.raises(Killed):
        fine_tune(tiny_llama, seen, OVERFITTING, *where, validation=unseen, on_progress=kill)
    result = fine_tune(tiny_llama, seen, OVERFITTING, *where, validation=unseen)
    assert result.resumed_at == 12
    assert [step for step, _ in result.validation] == [4, 8, 12, 16, 20]
    assert [step for step, _ in result.losses] == [step for step, _ in alone.losses]
    for name, weights in load_file(tmp_path / "alone" / "model.safetensors").items():
        torch.testing.assert_close(load_file(tmp_path / "policy" / "model.safetensors")[name], weights)


def test_preferences_have_a_validation_loss_too(
    tiny_llama: Path, seen: list[Packed], unseen: list[Packed], tmp_path: Path
) -> None:
    learnt, held_out = ([selected(packed, [True, True, False]) for packed in packs] for packs in (seen, unseen))
    how = OVERFITTING.model_copy(update={"preference": PreferenceParameters(), "learning_rate": 1e-9})
    result = fine_tune(tiny_llama, learnt, how, tmp_path / "work", tmp_path / "policy", validation=held_out)
    assert [loss for _, loss in result.validation] == pytest.approx([0.6931] * 5, abs=1e-3)
