"""TRL's GRPOTrainer plays a served environment through our wrapper: one step with a tiny model that says a plan."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import trl
from datasets import Dataset
from openenv_servers import serving
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from leap_kedro.environments.openenv.trl import OpenEnvTools
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark

pytestmark = pytest.mark.slow

LOCAL = make_benchmark(EnvironmentSpec("alfworld", {}))
MARKS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")


def test_the_tool_shows_what_the_server_answers_and_the_reward_is_the_score() -> None:
    task = LOCAL.tasks("train", 2, 3)[1]
    environment = LOCAL.environment()
    opening = environment.reset(task).text
    plan = LOCAL.oracle().state(environment).plan
    with serving(LOCAL) as url:
        tools = OpenEnvTools(url)
        assert tools.reset(prompt="a column", split="train", index=1, seed=3) == f"\n\n{opening}"
        for action in plan:
            assert tools.get_reward() == 0.0
            seen = environment.step(action).observation.text
            assert tools.act(action).startswith(seen)
        assert tools.get_reward() == 1.0
        assert tools.act("look") == "The episode is over."
        tools.reset(split="train")
        assert tools.get_reward() == 0.0


def tokenizer() -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator([], trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, special_tokens=special))
    made.add_tokens(list(MARKS))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )
    fast.chat_template = (Path(trl.__file__).parent / "chat_templates/qwen3.jinja").read_text(encoding="utf-8")
    return fast


def saying(plan: tuple[str, ...], words: PreTrainedTokenizerFast) -> Any:
    """A `generate` that calls the tool with the plan's next action, and says that it is done at the end."""

    def generate(input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        rows = []
        for ids in input_ids:
            done = words.decode(ids).count("<tool_response>")
            call = {"name": "act", "arguments": {"command": plan[done] if done < len(plan) else ""}}
            said = f"<tool_call>\n{json.dumps(call)}\n</tool_call>" if done < len(plan) else "Done."
            rows.append(torch.tensor(words.encode(f"{said}<|im_end|>", add_special_tokens=False)))
        replies = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=words.pad_token_id)
        return torch.cat([input_ids, replies], 1)

    return generate


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_grpo_trains_on_rollouts_of_a_server(tmp_path: Path) -> None:
    task = LOCAL.tasks("train", 3, 0)[2]
    environment = LOCAL.environment()
    environment.reset(task)
    plan, words = LOCAL.oracle().state(environment).plan, tokenizer()
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(words),
            num_key_value_heads=1,
            head_dim=8,
            max_position_embeddings=16384,
            eos_token_id=words.eos_token_id,
            pad_token_id=words.pad_token_id,
            **shape,
        )
    )
    model.generate = saying(plan, words)
    row = {"prompt": [{"role": "user", "content": "You are in a house."}], "split": "train", "index": 2}
    with serving(LOCAL) as url:
        trainer = GRPOTrainer(
            model=model,
            processing_class=words,
            environment_factory=partial(OpenEnvTools, url),
            train_dataset=Dataset.from_list([row] * 2),
            args=GRPOConfig(
                output_dir=str(tmp_path),
                per_device_train_batch_size=2,
                num_generations=2,
                max_completion_length=4096,
                max_tool_calling_iterations=len(plan) + 1,
                max_steps=1,
                logging_steps=1,
                report_to="none",
                save_strategy="no",
                use_cpu=True,
            ),
        )
        trainer.train()
    logged = trainer.state.log_history[0]
    assert logged["reward"] == 1.0
    assert logged["tools/call_frequency"] == len(plan)
    assert logged["tools/failure_frequency"] == 0.0
