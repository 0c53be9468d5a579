"""D_k as a Hugging Face dataset: what TRL's trainers make of it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from chat_tokenizers import CHATML, chat_tokenizer

from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.replies import RepliesDataset
from leap_kedro.records import Example, OwnReply, Target, Turn
from leap_kedro.training.export import ReplyRow, reply_rows

OPENING = "You are in a room. Your task is to: find a mug."
HIDDEN = "mug 2 is in drawer 1."


def rows(own: Sequence[OwnReply | None]) -> list[ReplyRow]:
    turns = tuple(Turn(f"go to drawer {number}", "The drawer is closed.") for number in range(len(own)))
    targets = tuple(
        Target(step, "It may be here.", f"open drawer {step}", rejected=said) for step, said in enumerate(own)
    )
    return list(reply_rows(Example("1/t/0", 1, "alfworld", OPENING, turns, targets), "The rules.", HIDDEN))


LOOKED = OwnReply("I do not know.", "look")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("replies") / "dataset"
    RepliesDataset(str(made)).save(rows([LOOKED, None, LOOKED, None]))
    return made


@pytest.fixture
def loaded(folder: Path, tmp_path: Path) -> Any:
    """As its users load it."""
    from datasets import load_dataset

    return load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    from transformers import LlamaConfig, LlamaForCausalLM

    made = tmp_path_factory.mktemp("model")
    tokenizer = chat_tokenizer(CHATML, [OPENING])
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(made)
    tokenizer.save_pretrained(made)
    return str(made)


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {
        "output_dir": str(tmp_path / "trainer"),
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": [],
        "max_steps": 1,
        "per_device_train_batch_size": 2,
        "disable_tqdm": True,
        "save_strategy": "no",
    }


def test_load_dataset_reads_the_rows_back(folder: Path, loaded: Any) -> None:
    assert list(loaded) == rows([LOOKED, None, LOOKED, None])
    assert list(RepliesDataset(str(folder)).load()) == list(loaded)
    assert os.listdir(folder) == ["train.parquet"]


def test_columns_keep_their_types_where_they_are_empty(loaded: Any, tmp_path: Path) -> None:
    for own in ([None], []):
        dataset = RepliesDataset(str(tmp_path / "dataset"))
        dataset.save(rows(own))
        assert dataset.load().features == loaded.features
        assert len(dataset.load()) == len(own)


def test_an_interrupted_save_leaves_what_was_there(tmp_path: Path) -> None:
    dataset = RepliesDataset(str(tmp_path / "dataset"))
    with pytest.raises(StorageError, match="does not exist"):
        dataset.load()
    dataset.save(rows([LOOKED]))

    def broken() -> Any:
        yield from rows([None, None])
        raise RuntimeError("killed")

    with pytest.raises(Exception, match="killed"):
        dataset.save(broken())
    assert list(dataset.load()) == rows([LOOKED])
    assert os.listdir(tmp_path / "dataset") == ["train.parquet"]


def test_sft_takes_every_row_and_learns_the_reply_alone(loaded: Any, model: str, options: dict[str, Any]) -> None:
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(model, args=SFTConfig(max_length=2048, **options), train_dataset=loaded)
    decode = trainer.processing_class.decode
    learnt = [decode([index for index in row["labels"] if index != -100]) for row in trainer.train_dataset]
    assert learnt == [f"{row['completion'][0]['content']}<|im_end|>\n" for row in loaded]
    assert trainer.train().global_step == 1


def test_dpo_takes_the_rows_with_a_rejected_reply(loaded: Any, model: str, options: dict[str, Any]) -> None:
    from trl import DPOConfig, DPOTrainer

    pairs = loaded.filter(lambda row: row["rejected"] != row["chosen"])
    trainer = DPOTrainer(model, args=DPOConfig(max_length=2048, **options), train_dataset=pairs)
    decode = trainer.processing_class.decode
    assert len(trainer.train_dataset) == 2
    for row in trainer.train_dataset:
        assert decode(row["chosen_ids"]) == f"{row['chosen'][0]['content']}<|im_end|>\n"
        assert decode(row["rejected_ids"]) == "REASON: I do not know.\nACTION: look<|im_end|>\n"
    assert trainer.train().global_step == 1


def test_sdft_shows_its_teacher_the_privileged_context(loaded: Any, model: str, options: dict[str, Any]) -> None:
    from trl.experimental.sdft import SDFTConfig, SDFTTrainer

    config = SDFTConfig(max_completion_length=4, num_generations=2, **options)
    trainer = SDFTTrainer(model, args=config, train_dataset=loaded)
    asked = trainer.teacher_context_builder.select_generation_prompts(loaded["prompt"], loaded["privileged_context"])
    assert [prompt[-1]["content"].endswith(HIDDEN) for prompt in asked] == [True] * 4
    assert trainer.train().global_step == 1


def test_sdpo_uses_the_privileged_context_as_feedback(loaded: Any, model: str, options: dict[str, Any]) -> None:
    from trl.experimental.sdpo import SDPOConfig, SDPOTrainer

    def reward(completions: Sequence[Any], **_: Any) -> list[float]:
        return [0.0] * len(completions)

    config = SDPOConfig(max_completion_length=4, num_generations=2, include_environment_feedback=True, **options)
    trainer = SDPOTrainer(model, reward_funcs=reward, args=config, train_dataset=loaded)
    assert trainer.train().global_step == 1
    logged = next(entry for entry in trainer.state.log_history if "self_distillation/feedback_used_fraction" in entry)
    assert logged["self_distillation/feedback_used_fraction"] == 1.0
