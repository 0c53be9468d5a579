"""Self-distillation on packed pairs, against TRL's loss on single rows."""

import shutil
from pathlib import Path

import pytest
from training_calls import in_three_ways, tokens_up_to, weights

from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning

pytestmark = pytest.mark.slow

PARAMETERS = FineTuning(max_steps=30, tokens_per_step=200, warmup_steps=0, checkpoint_every=10, distill=True)


@pytest.fixture(scope="module")
def pairs(copying: list[Packed]) -> list[Packed]:
    """Replies to each history, without and with a token before it."""
    made = []
    for packed in copying:
        rows: list[Row] = []
        for source in packed.sources[::2].tolist():
            history = tokens_up_to(packed, source)
            for secret in ((), (39, 38)):
                prompt = (*secret, *history)
                rows.append(Row((*prompt, history[-2], 2), (0.0,) * len(prompt) + (1.0, 1.0)))
        made.append(pack(rows))
    return made


def test_loss_and_gradients_are_those_of_trl_on_single_rows(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.experimental.sdft.loss_utils import compute_full_logit_self_distillation_loss
    from trl.trainer.sft_config import SFTConfig

    from leap_kedro.training.distillation import PackedDistillationTrainer

    few = pairs[:4]
    start = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32, attn_implementation="sdpa")
    ours = PackedDistillationTrainer(
        packs=few,
        batches=[[0, 1, 2, 3]],
        parameters=PARAMETERS,
        model=start,
        args=SFTConfig(
            output_dir=str(tmp_path),
            use_cpu=True,
            bf16=False,
            activation_checkpointing=False,
            remove_unused_columns=False,
            report_to="none",
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        processing_class=AutoTokenizer.from_pretrained(tiny_llama),
        data_collator=lambda rows: rows,
    )
    torch.manual_seed(1)
    for each in start.parameters():
        each.data += 0.05 * torch.randn_like(each)
    loss = ours.compute_loss(start, ours.tensors_of([0, 1, 2, 3]))
    gradients = torch.autograd.grad(loss, list(start.parameters()))

    before = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
    losses = []
    for packed in few:
        for row in range(packed.row_count):
            chosen = packed.rows == row
            last = int(packed.sources[chosen][-1])
            read = tokens_up_to(packed, last)
            if row % 2 == 0:
                own = start(input_ids=torch.tensor([read])).logits[0, -2:]
                continue
            with torch.no_grad():
                informed = before(input_ids=torch.tensor([read])).logits[0, -2:]
            losses.append(compute_full_logit_self_distillation_loss(own, informed, distillation_alpha=1.0))
    their_loss = torch.cat(losses).mean()
    their_gradients = torch.autograd.grad(their_loss, list(start.parameters()))
    torch.testing.assert_close(loss, their_loss, rtol=1e-5, atol=1e-6)
    for mine, expected in zip(gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()) + 1e-7)


def test_the_student_comes_closer_and_a_resumed_training_ends_in_the_same_weights(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path
) -> None:
    import torch

    whole = fine_tune(tiny_llama, pairs, PARAMETERS, tmp_path / "work", tmp_path / "policy")
    assert whole.losses[-1][1] < 0.5 * whole.losses[0][1]

    shutil.rmtree(tmp_path / "work" / "checkpoint-30")
    resumed = fine_tune(tiny_llama, pairs, PARAMETERS, tmp_path / "work", tmp_path / "again")
    assert (whole.resumed_at, resumed.resumed_at) == (0, 20)
    again = weights(tmp_path / "again")
    for name, expected in weights(tmp_path / "policy").items():
        torch.testing.assert_close(again[name], expected, rtol=0, atol=1e-6)


def test_single_rows_and_two_processes_take_the_steps_of_the_tree(
    tiny_llama: Path, pairs: list[Packed], tmp_path: Path
) -> None:
    one = PARAMETERS.model_copy(update={"max_steps": 6, "log_every": 1})
    packed, *others = in_three_ways(tiny_llama, pairs, one, tmp_path)
    for other in others:
        assert dict(other.losses) == pytest.approx(dict(packed.losses), rel=1e-3, abs=1e-5)
