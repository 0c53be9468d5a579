"""Direct preference optimization on packed pairs, against TRL's own on single rows."""

import shutil
from pathlib import Path

import pytest
from training_calls import by_two, tokens_up_to

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning, PreferenceParameters

pytestmark = pytest.mark.slow

PREFERENCE = PreferenceParameters(beta=0.3, sft_weight=0.5)
PARAMETERS = FineTuning(max_steps=100, tokens_per_step=200, warmup_steps=5, checkpoint_every=30, preference=PREFERENCE)


@pytest.fixture(scope="module")
def pairs(copying: list[Packed]) -> list[Packed]:
    """Of each history: its last token is to be preferred to the one after it in the vocabulary."""
    made = []
    for packed in copying:
        rows: list[Row] = []
        for source in packed.sources[::2].tolist():
            history = tokens_up_to(packed, source)
            right = history[-2]
            for reply in (right, 5 + (right - 4) % 35):
                rows.append(Row((*history, reply, 2), (0.0,) * len(history) + (1.0, 1.0)))
        made.append(pack(rows))
    return made


def test_loss_and_gradients_are_those_of_trl_on_single_rows(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path
) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from leap_kedro.training.dpo import PackedDPOTrainer

    class OnTokenIds(DPOTrainer):
        def _prepare_dataset(self, dataset, *_):
            return dataset

    def policy():
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32, attn_implementation="sdpa")
        for weights in model.parameters():
            weights.data += 0.05 * torch.randn_like(weights)
        return model

    common = {
        "output_dir": str(tmp_path),
        "beta": 0.3,
        "loss_type": ["sigmoid", "sft"],
        "loss_weights": [1.0, 0.5],
        "use_cpu": True,
        "bf16": False,
        "activation_checkpointing": False,
        "max_length": None,
        "remove_unused_columns": False,
        "report_to": "none",
    }
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    rows = [
        {
            "prompt_ids": list(tokens_up_to(packed, int(packed.sources[packed.rows == 2 * pair][0]))),
            "chosen_ids": packed.targets[packed.rows == 2 * pair].tolist(),
            "rejected_ids": packed.targets[packed.rows == 2 * pair + 1].tolist(),
        }
        for packed in pairs[:4]
        for pair in range(packed.row_count // 2)
    ]
    theirs = OnTokenIds(
        model=policy(),
        ref_model=AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32),
        args=DPOConfig(**common),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    theirs.model.train()
    their_loss = theirs.compute_loss(theirs.model, theirs.data_collator(rows))
    their_gradients = torch.autograd.grad(their_loss, list(theirs.model.parameters()))

    start = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
    ours = PackedDPOTrainer(
        packs=pairs[:4],
        batches=[[0, 1, 2, 3]],
        parameters=PARAMETERS,
        model=start,
        args=DPOConfig(**common, precompute_ref_log_probs=True),
        processing_class=tokenizer,
    )
    start.load_state_dict(policy().state_dict())
    loss = ours.compute_loss(start, ours.tensors_of([0, 1, 2, 3]))
    gradients = torch.autograd.grad(loss, list(start.parameters()))

    torch.testing.assert_close(loss, their_loss, rtol=1e-5, atol=1e-6)
    for mine, expected in zip(gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()) + 1e-7)
    for name in ("chosen", "rejected", "accuracies", "margins"):
        assert ours._metrics["train"][f"rewards/{name}"] == pytest.approx(
            theirs._metrics["train"][f"rewards/{name}"], rel=1e-4
        )


def test_the_chosen_replies_come_to_be_preferred_and_a_resumed_training_ends_in_the_same_weights(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    whole = fine_tune(tiny_llama, pairs, PARAMETERS, tmp_path / "work", tmp_path / "policy")
    assert whole.losses[0][1] > whole.losses[-1][1]
    assert whole.preference.keys() == {f"rewards/{name}" for name in ("chosen", "rejected", "accuracies", "margins")}
    assert whole.preference["rewards/accuracies"] > 0.8
    assert whole.preference["rewards/margins"] > 0

    shutil.rmtree(max((tmp_path / "work").glob("checkpoint-*"), key=lambda folder: folder.stat().st_mtime_ns))
    resumed = fine_tune(tiny_llama, pairs, PARAMETERS, tmp_path / "work", tmp_path / "again")
    assert whole.resumed_at == 0
    assert resumed.resumed_at in (60, 90)
    again = load_file(tmp_path / "again" / "model.safetensors")
    for name, expected in load_file(tmp_path / "policy" / "model.safetensors").items():
        torch.testing.assert_close(again[name], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_reference_is_the_start_in_the_format_of_the_training(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path, dtype: str
) -> None:
    once = PARAMETERS.model_copy(update={"max_steps": 1, "tokens_per_step": 1000, "dtype": dtype})
    result = fine_tune(tiny_llama, pairs, once, tmp_path / "work", tmp_path / "policy")
    assert result.preference["rewards/margins"] == pytest.approx(0, abs=1e-6)


def test_single_rows_take_the_steps_of_the_tree(tiny_llama: Path, pairs: list[Packed], tmp_path: Path) -> None:
    tree = PARAMETERS.model_copy(update={"max_steps": 10, "log_every": 1, "packing": "tree"})
    packed = fine_tune(tiny_llama, pairs, tree, tmp_path / "work", tmp_path / "policy")
    single = tree.model_copy(update={"packing": "none", "accumulation_steps": 4})
    alone = fine_tune(tiny_llama, pairs, single, tmp_path / "work_single", tmp_path / "policy_single")
    assert dict(alone.losses) == pytest.approx(dict(packed.losses), rel=1e-4)
    assert alone.preference == pytest.approx(packed.preference, rel=1e-3, abs=1e-4)


def test_two_processes_take_the_steps_of_one(tiny_llama: Path, pairs: list[Packed], tmp_path: Path) -> None:
    one = PARAMETERS.model_copy(update={"max_steps": 10, "log_every": 1})
    alone = fine_tune(tiny_llama, pairs, one, tmp_path / "work", tmp_path / "policy")
    both = by_two(tiny_llama, pairs, one.model_copy(update={"processes": 2}), tmp_path / "both")
    assert both.world_size == 2
    assert dict(both.losses) == pytest.approx(dict(alone.losses), rel=1e-4)
    assert both.preference == pytest.approx(alone.preference, rel=1e-3, abs=1e-4)
