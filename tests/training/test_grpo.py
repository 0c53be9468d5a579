"""The policy gradient on packed replies, against TRL's own GRPO on single rows."""

import shutil
from pathlib import Path

import pytest
from training_calls import in_three_ways, tokens_up_to, weights

from leap_kedro.pipelines.aggregation.own_replies import advantages
from leap_kedro.training.batching import plan
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning, GRPOObjective

pytestmark = pytest.mark.slow

OBJECTIVE = GRPOObjective(epsilon=0.1, beta=0.3, temperature=0.7)
PARAMETERS = FineTuning(
    max_steps=60, tokens_per_step=400, learning_rate=0.002, warmup_steps=0, checkpoint_every=20, grpo=OBJECTIVE
)


@pytest.fixture(scope="module")
def sampled(copying: list[Packed]) -> list[Packed]:
    """Replies to each history: its last token, which is rewarded, or the one after it in the vocabulary."""
    made = []
    for number, packed in enumerate(copying):
        right = number % 2 == 0
        rows: list[Row] = []
        for source in packed.sources[::2].tolist():
            history = tokens_up_to(packed, source)
            reply = history[-2] if right else 5 + (history[-2] - 4) % 35
            advantage = 0.9 if right else -0.8
            rows.append(Row((*history, reply, 2), (0.0,) * len(history) + (advantage, advantage)))
        made.append(pack(rows))
    return made


@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_loss_and_gradients_are_those_of_trl_on_single_rows(
    tiny_llama: Path, sampled: list[Packed], tmp_path: Path, beta: float
) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer
    from trl.trainer.sft_config import SFTConfig

    from leap_kedro.training.grpo import PackedGRPOTrainer

    def start():
        return AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32, attn_implementation="sdpa")

    def policy():
        torch.manual_seed(1)
        model = start()
        for each in model.parameters():
            each.data += 0.05 * torch.randn_like(each)
        return model

    common = {
        "output_dir": str(tmp_path),
        "use_cpu": True,
        "bf16": False,
        "remove_unused_columns": False,
        "report_to": "none",
    }
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    few = sampled[:4]
    how = OBJECTIVE.model_copy(update={"beta": beta})
    theirs = GRPOTrainer(
        model=policy(),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=GRPOConfig(
            **common,
            epsilon=how.epsilon,
            beta=how.beta,
            temperature=how.temperature,
            per_device_train_batch_size=2,
            num_generations=2,
            activation_checkpointing=False,
        ),
        train_dataset=Dataset.from_list([{"prompt": "w5"}] * 2),
        processing_class=tokenizer,
    )
    theirs.model.train()
    theirs.current_gradient_accumulation_steps = 1
    rows = [(packed, packed.rows == row) for packed in few for row in range(packed.row_count)]
    prompts = [list(tokens_up_to(packed, int(packed.sources[chosen][0]))) for packed, chosen in rows]
    longest = max(map(len, prompts))
    prompt_ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
    prompt_mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    completion_ids = torch.tensor([packed.targets[chosen].tolist() for packed, chosen in rows])
    completion_mask = torch.ones_like(completion_ids)
    read = torch.cat([prompt_ids, completion_ids], 1), torch.cat([prompt_mask, completion_mask], 1)
    places = (read[1].cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        logits = start()(input_ids=read[0], attention_mask=read[1], position_ids=places).logits[:, -3:-1]
    olds = (logits / how.temperature).log_softmax(-1).gather(-1, completion_ids[..., None])[..., 0]
    inputs = {
        "prompt_ids": prompt_ids,
        "prompt_mask": prompt_mask,
        "completion_ids": completion_ids,
        "completion_mask": completion_mask,
        "advantages": torch.tensor([float(packed.weights[chosen][0]) for packed, chosen in rows]),
        "old_per_token_logps": olds,
        "ref_per_token_logps": olds,
        "num_items_in_batch": completion_mask.sum(),
    }
    their_loss = theirs._compute_loss(theirs.model, inputs)
    their_gradients = torch.autograd.grad(their_loss, list(theirs.model.parameters()))

    model = start()
    ours = PackedGRPOTrainer(
        packs=few,
        batches=[[0, 1, 2, 3]],
        parameters=PARAMETERS.model_copy(update={"grpo": how}),
        model=model,
        args=SFTConfig(**common, activation_checkpointing=False, dataset_kwargs={"skip_prepare_dataset": True}),
        processing_class=tokenizer,
        data_collator=lambda rows: rows,
    )
    model.load_state_dict(policy().state_dict())
    loss = ours.compute_loss(model, ours.tensors_of([0, 1, 2, 3]))
    gradients = torch.autograd.grad(loss, list(model.parameters()))

    torch.testing.assert_close(loss, their_loss, rtol=1e-5, atol=1e-6)
    for mine, expected in zip(gradients, their_gradients, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()) + 1e-7)
    clipped = theirs._metrics["train"]["clip_ratio/region_mean"]
    assert 0.1 < clipped[0] < 0.9
    assert ours._metrics["train"]["objective/clipped_share"] == pytest.approx(clipped)
    if beta:
        assert ours._metrics["train"]["objective/divergence"] == pytest.approx(theirs._metrics["train"]["kl"], rel=1e-4)


def test_rewarded_replies_become_likely_and_a_resumed_training_ends_in_the_same_weights(
    tiny_llama: Path, sampled: list[Packed], tmp_path: Path
) -> None:
    import torch

    whole = fine_tune(tiny_llama, sampled, PARAMETERS, tmp_path / "work", tmp_path / "policy")
    assert whole.losses[-1][1] < whole.losses[0][1]
    assert whole.objective["objective/divergence"] > 0
    assert 0 < whole.objective["objective/clipped_share"] < 1

    shutil.rmtree(tmp_path / "work" / "checkpoint-60")
    resumed = fine_tune(tiny_llama, sampled, PARAMETERS, tmp_path / "work", tmp_path / "again")
    assert (whole.resumed_at, resumed.resumed_at) == (0, 40)
    again = weights(tmp_path / "again")
    for name, expected in weights(tmp_path / "policy").items():
        torch.testing.assert_close(again[name], expected, rtol=0, atol=1e-6)


def test_single_rows_and_two_processes_take_the_steps_of_the_tree(
    tiny_llama: Path, sampled: list[Packed], tmp_path: Path
) -> None:
    one = PARAMETERS.model_copy(update={"max_steps": 6, "log_every": 1})
    packed, *others = in_three_ways(tiny_llama, sampled, one, tmp_path)
    for other in others:
        assert dict(other.losses) == pytest.approx(dict(packed.losses), rel=1e-3, abs=1e-5)
        assert other.objective == pytest.approx(packed.objective, rel=1e-3, abs=1e-4)


def test_the_reward_of_a_small_policy_rises(tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    """Rounds of sampling and training; a reply of an even token is rewarded."""
    import torch
    from transformers import AutoModelForCausalLM

    prompts = [tuple(packed.input_ids[:4].tolist()) for packed in copying[:8]]
    how = FineTuning(
        epochs=1, tokens_per_step=100, learning_rate=0.03, warmup_steps=0, flat_share=1, grpo=GRPOObjective()
    )
    folder, rewards = tiny_llama, []
    for number in range(6):
        torch.manual_seed(number)
        model = AutoModelForCausalLM.from_pretrained(folder)
        with torch.no_grad():
            probabilities = model(torch.tensor(prompts)).logits[:, -1].softmax(-1)
        packs = []
        for prompt, each in zip(prompts, probabilities, strict=True):
            replies = each.multinomial(16, replacement=True).tolist()
            scores = [1.0 - reply % 2 for reply in replies]
            rewards.append(sum(scores) / 16)
            compared = zip(replies, advantages(scores), strict=True)
            rows = [Row((*prompt, reply), (*[0.0] * 4, advantage)) for reply, advantage in compared if advantage]
            packs += [pack([row]) for row in rows]
        if number < 5:
            fine_tune(folder, packs, how, tmp_path / f"work_{number}", tmp_path / f"policy_{number}")
            folder = tmp_path / f"policy_{number}"
    assert sum(rewards[:8]) / 8 < 0.7
    assert sum(rewards[-8:]) / 8 > 0.85


def test_batches_do_not_sort_episodes_by_their_length() -> None:
    lengths = [100, 400] * 20  # solved and failed ones
    batches = plan(lengths, FineTuning(epochs=1, tokens_per_step=4000, grpo=OBJECTIVE))
    assert sorted(index for batch in batches for index in batch) == list(range(40))
    assert all(len({lengths[index] for index in batch}) == 2 for batch in batches[:-1])
