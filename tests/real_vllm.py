"""A real vLLM server for tests: its command, a tiny chat model, and adapters trained on it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chat_tokenizers import LLAMA_3, chat_tokenizer
from pipelines.stages import GENERATED

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.pipelines.vllm_server import ServingParameters, server_command
from leap_kedro.policies.vllm import ENVIRONMENT
from leap_kedro.policies.vllm_process import free_port, running_server
from leap_kedro.training.adapters import save_merged, with_adapter
from leap_kedro.training.parameters import LoraParameters

MISSING = "needs vLLM: make vllm, or set LEAP_VLLM_COMMAND to a value of `serving.command`"
RANK = 8


def command(device: str = "cpu") -> str | None:
    """What starts a server, as `serving.command`: of the environment variable, of `make vllm`, or of the path."""
    made = Path(__file__).parents[1] / ".venv-vllm/bin/python"
    of_cpu_build = f"{made} -m vllm.entrypoints.openai.api_server" if device == "cpu" and made.is_file() else None
    return os.environ.get("LEAP_VLLM_COMMAND") or of_cpu_build or shutil.which("vllm")


def parameters(device: str = "cpu", **changes: Any) -> ServingParameters:
    """The block `serving`: a server is started without compiling, so that it is ready sooner, with little memory."""
    dtype = "float32" if device == "cpu" else "bfloat16"
    arguments = ("--dtype", dtype, "--enforce-eager", "--max-model-len", "2048", "--kv-cache-memory-bytes", "256M")
    return ServingParameters(**{"command": command(device) or "vllm", "arguments": arguments, **changes})


def save_tiny_chat(folder: Path, template: str = LLAMA_3, seed: int = 0) -> None:
    """Save a chat model with few, random weights that are far enough apart to make greedy replies stable."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    games = ALFWorld(**GENERATED["alfworld"])
    openings = [games.environment().reset(task).text for task in games.tasks("train", 4, 0)]
    tokenizer = chat_tokenizer(template, openings)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        head_dim=64,  # vLLM has kernels for few sizes
        max_position_embeddings=4096,
        initializer_range=0.2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **sizes,  # type: ignore[arg-type]
    )
    torch.manual_seed(seed)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def with_random_adapter(name: str, base: Path, folder: Path, rank: int = RANK, seed: int = 1) -> SavedPolicy:
    """A policy like one that was trained by LoRA: an adapter with random weights, beside the merged weights."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    lora = LoraParameters(rank=rank, alpha=rank, targets=("q_proj", "v_proj", "down_proj"))
    model = with_adapter(AutoModelForCausalLM.from_pretrained(base), base, base, lora, seed)
    with torch.no_grad():
        for weight in (weight for weight in model.parameters() if weight.requires_grad):
            weight.normal_(std=0.2)
    save_merged(model, base, folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return SavedPolicy(name, int(name.rpartition("_")[2]), folder)


@contextmanager
def running(weights: Path, how: ServingParameters) -> Iterator[str]:
    """URL of a server that is started apart from the loop, as users start one for `serving.base_url`."""
    port = free_port()
    started = server_command(weights, RANK, how, port)
    with running_server(started, ENVIRONMENT, f"http://127.0.0.1:{port}/health", how.ready_timeout):
        yield f"http://127.0.0.1:{port}/v1"


def served_models(base_url: str) -> list[str]:
    """Names of the models and adapters that a server has."""
    import httpx2

    return [card["id"] for card in json.loads(httpx2.get(f"{base_url}/models", trust_env=False).content)["data"]]
