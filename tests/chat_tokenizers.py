"""Small tokenizers with the chat templates of real models."""

from collections.abc import Sequence
from typing import Any

CHATML = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "{% endif %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_3 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] | trim %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: {{ date_string }}\n\n{{ system }}<|eot_id|>"
    "{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
MARKS = {
    CHATML: ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    LLAMA_3: ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
}


LLAMA_3_WORDS = "|".join(
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        r"[^\r\n\p{L}\p{N}]?\p{L}+",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""How Llama 3's tokenizer splits a text before it merges; that of ChatML models is GPT-2's."""


def chat_tokenizer(template: str, texts: Sequence[str]) -> Any:
    """A byte-level BPE trained on `texts`; its merges cross what a template puts together: ".\\n", " go", "ACTION"."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    first, *others = MARKS[template]
    byte_level = Tokenizer(models.BPE())
    words = [pre_tokenizers.Split(Regex(LLAMA_3_WORDS), behavior="isolated")] if template == LLAMA_3 else []
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not words)
    byte_level.pre_tokenizer = pre_tokenizers.Sequence([*words, letters])
    byte_level.decoder = decoders.ByteLevel()
    learnt = ["REASON: I do.\nACTION: go", "user\n\n", "assistant\n\n", *texts] * 3
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    byte_level.train_from_iterator(learnt, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level, bos_token=first, eos_token=others[-1], additional_special_tokens=others
    )
    tokenizer.chat_template = template
    return tokenizer
