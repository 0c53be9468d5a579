"""A tiny random Llama in a folder, and data for it."""

import random
from pathlib import Path

import pytest

from leap_kedro.training.packing import Packed, Row, pack

VOCABULARY = 40


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("start")
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=128,
            tie_word_embeddings=True,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
        )
    ).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({f"w{index}": index for index in range(VOCABULARY)}, unk_token="w3"))
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="w0", bos_token="w1", eos_token="w2", unk_token="w3"
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def copying() -> list[Packed]:
    """Histories whose replies repeat their last token: something to learn."""
    rng = random.Random(0)
    made = []
    for _ in range(40):
        history = tuple(rng.randrange(5, VOCABULARY) for _ in range(rng.randrange(4, 12)))
        ends = sorted(rng.sample(range(1, len(history) + 1), 3))
        rows = [Row((*history[:end], 3, history[end - 1], 2), (0.0,) * (end + 1) + (1.0, 1.0)) for end in ends]
        made.append(pack(rows))
    return made
