"""The profile `conf/smollm2`: a chat model with LoRA through one iteration, at a tiny size."""

from pathlib import Path

import pytest
from chat_tokenizers import CHATML, chat_tokenizer
from loop_project import LoopProject

from leap_kedro.environments.alfworld import build_benchmark

FEW = (
    "bootstrap.demonstrations=4",
    "rollout.episodes=4",
    "rollout.max_actions=3",
    "data_preparation.train=6",
    "data_preparation.validation=2",
    "data_preparation.test.valid_seen=2",
    "evaluation.max_actions=3",
    "evaluation.base_tasks=1",
    "realizability.episodes=2",
)


@pytest.fixture(scope="module")
def tiny_chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny_chat"
    games = build_benchmark({"source": "generated"})
    openings = [games.environment().reset(task).text for task in games.tasks("train", 4, 0)]
    tokenizer = chat_tokenizer(CHATML, openings)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=4096, **shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_chat_model_goes_through_an_iteration(tiny_chat: Path, tmp_path: Path) -> None:
    project = LoopProject(tmp_path / "project", tiny_chat)
    finished = project.kedro("run", "--env=smollm2", f"--params={','.join([project.parameters, *FEW])}")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for k, stage in enumerate(("pi_0", "pi_1")):
        report = project.read(f"04_training/smollm2/iter_{k}/training_report.json")
        assert report["dropped"] == 0, stage
        assert report["steps"] >= 1
        policy = project.folder / f"data/05_policies/smollm2/iter_{k}/policy"
        assert (policy / "adapter/adapter_model.safetensors").is_file()
        assert (policy / "chat_template.jinja").read_text() == CHATML
