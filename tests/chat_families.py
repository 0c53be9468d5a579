"""Families of real chat models: their chat templates, kinds of tokenizers and architectures, with few, random weights.

The templates of Qwen3, Llama 3.2, Gemma 3 and GPT-OSS are the original ones, which TRL ships. The others are in
`chat_templates/` and follow the rules of the originals as far as conversations without tools and images go.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chat_tokenizers import LLAMA_3_WORDS

OWN = Path(__file__).parent / "chat_templates"
GPT_2_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
    "initializer_range": 0.1,
}


@dataclass(frozen=True)
class Family:
    """A family of chat models.

    Attributes:
        template: File of its chat template in `chat_templates/` or in TRL.
        model_type: Its architecture in transformers.
        kind: `bytes` (pieces of bytes) or the name of a class of transformers with pieces of characters.
        special: Special tokens, the first of them begins a text and the second ends a reply.
        others: Added tokens that are not special.
        words: How a text is split before it merges, for `bytes`.
        sizes: Sizes of the model besides `SIZES`.
    """

    template: str
    model_type: str
    special: Sequence[str]
    others: Sequence[str] = ()
    kind: str = "bytes"
    words: str = LLAMA_3_WORDS
    sizes: Mapping[str, Any] = field(default_factory=dict)


THINK = ("<think>", "</think>")
CHATML = ("<|endoftext|>", "<|im_end|>", "<|im_start|>")
FAMILIES = {
    "qwen3": Family("qwen3", "qwen3", CHATML, THINK, sizes={"head_dim": 16}),
    "llama3": Family(
        "llama3_2", "llama", ("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>")
    ),
    "gemma3": Family(
        "gemma3",
        "gemma3_text",
        ("<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"),
        ("\n\n", "\n\n\n", "▁▁", "▁▁▁▁"),
        kind="GemmaTokenizer",
        sizes={"head_dim": 16, "sliding_window": 512, "query_pre_attn_scalar": 16, "sliding_window_pattern": 2},
    ),
    "mistral_v3": Family(
        "mistral_v3",
        "mistral",
        ("<s>", "</s>", "<unk>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]"),
        kind="LlamaTokenizer",
        sizes={"sliding_window": None},
    ),
    "mistral_v7": Family(
        "mistral_v7",
        "mistral",
        ("<s>", "</s>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]"),
        sizes={"sliding_window": 256},
    ),
    "phi4": Family("phi4", "phi3", ("<|endoftext|>", "<|im_end|>", "<|im_start|>", "<|im_sep|>")),
    "phi4_mini": Family(
        "phi4_mini",
        "phi3",
        ("<|endoftext|>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
        words=GPT_2_WORDS,
        sizes={"partial_rotary_factor": 0.75, "hidden_size": 64},
    ),
    "smollm3": Family("smollm3", "smollm3", CHATML, THINK, sizes={"num_hidden_layers": 4}),
    "gpt_oss": Family(
        "gptoss",
        "gpt_oss",
        ("<|startoftext|>", "<|return|>", "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|call|>"),
        sizes={"head_dim": 16, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 128},
    ),
}


PROMPTED = {
    "deepseek_r1": Family(
        "deepseek_r1_distill",
        "llama",
        ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
        THINK,
    ),
    "glm4": Family(
        "glm4moe",
        "llama",
        ("<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|observation|>", "[gMASK]", "<sop>"),
        THINK,
    ),
    "nemotron3": Family("nemotron_3_nano", "llama", CHATML, THINK),
    "qwen3_8": Family("qwen3_8", "llama", CHATML, THINK),
}
"""Families of which only the prompts are tested: their templates put thoughts in other places."""


def template_of(family: Family) -> str:
    """Its chat template."""
    import trl

    own = OWN / f"{family.template}.jinja"
    place = own if own.is_file() else Path(trl.__file__).parent / "chat_templates" / own.name
    return place.read_text(encoding="utf-8")


@cache
def family_tokenizer(name: str, texts: tuple[str, ...]) -> Any:
    """A tokenizer of the family's kind, trained on `texts`."""
    family = (FAMILIES | PROMPTED)[name]
    learnt = ["REASON: I do.\nACTION: go", "user\n\n", "assistant\n\n", "model\n", *texts] * 3
    make: Callable[[Family, list[str]], Any] = _of_bytes if family.kind == "bytes" else _of_characters
    tokenizer = make(family, learnt)
    tokenizer.add_special_tokens({"additional_special_tokens": list(family.special[2:])})
    tokenizer.add_tokens(list(family.others))
    tokenizer.chat_template = template_of(family)
    return tokenizer


def family_model(name: str, tokenizer: Any, seed: int = 0) -> Any:
    """A model of the family's architecture with random weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    family = FAMILIES[name]
    ids = {"bos_token_id": 0, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id}
    sizes = {**SIZES, **family.sizes, "vocab_size": len(tokenizer), **ids}
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(family.model_type, **sizes)).eval()


def save_family(name: str, texts: Sequence[str], folder: Path) -> Path:
    """Write a student of the family to `folder`."""
    tokenizer = family_tokenizer(name, tuple(texts))
    family_model(name, tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _of_bytes(family: Family, texts: list[str]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(family.words), behavior="isolated")
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.pre_tokenizer = pre_tokenizers.Sequence([split, letters])
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(texts, trainer)
    first, end = family.special[:2]
    return PreTrainedTokenizerFast(tokenizer_object=backend, bos_token=first, eos_token=end)


def _of_characters(family: Family, texts: list[str]) -> Any:
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.Replace(" ", "▁")
    words = (pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split("▁", "merged_with_next"))
    backend.pre_tokenizer = pre_tokenizers.Sequence(list(words))
    alphabet = ["▁", "\n", *map(chr, range(33, 127))]
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(texts, trainer)
    trained = json.loads(backend.to_str())["model"]
    pieces = [*family.special, *(f"<0x{byte:02X}>" for byte in range(256)), *trained["vocab"]]
    made = getattr(transformers, family.kind)
    return made(
        vocab={piece: index for index, piece in enumerate(dict.fromkeys(pieces))},
        merges=[tuple(pair) for pair in trained["merges"]],
    )
