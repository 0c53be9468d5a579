"""Small tokenizers like published ones: added tokens that are not special, pieces with marks for spaces."""

from collections.abc import Sequence
from typing import Any

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
SPACES = tuple(" " * count for count in range(2, 25))
ASCII = "".join(map(chr, range(32, 127)))


def wrapped(backend: Any, added: Sequence[Any] = (), template: str = CHATML, **options: Any) -> Any:
    """A tokenizer of transformers with ChatML's marks and the `added` tokens."""
    from transformers import PreTrainedTokenizerFast

    marks = {"bos_token": "<s>", "eos_token": "<|im_end|>", "additional_special_tokens": ["<|im_start|>"], **options}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **marks)
    tokenizer.chat_template = template
    tokenizer.add_tokens(list(added))
    return tokenizer


def byte_level(added: Sequence[Any] = (), normalizer: Any = None, **options: Any) -> Any:
    """Bytes, as GPT-2, Llama 3 and Qwen have them, without merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: index for index, letter in enumerate(letters)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    if normalizer is not None:
        backend.normalizer = normalizer
    return wrapped(backend, added, **options)


def sentence_pieces(added: Sequence[Any] = (), legacy: bool = False, normalizer: Any = None) -> Any:
    """Pieces with a mark for spaces and bytes to fall back on, as Llama 2, Mistral and Gemma have them."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁▁", *ASCII[1:], "▁g", "go", "▁go", "AC"]
    merges = [("▁", "▁"), ("▁", "g"), ("g", "o"), ("▁g", "o"), ("▁", "go"), ("A", "C")]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    backend = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if legacy:
        steps = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        backend.normalizer = normalizers.Sequence([*([normalizer] if normalizer else []), *steps])
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        if normalizer is not None:
            backend.normalizer = normalizer
    strip = decoders.Strip(content=" ", left=1)
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), strip])
    return wrapped(backend, added, unk_token="<unk>")


def words(lowercase: bool) -> Any:
    """Whole words in any number of spaces, as BERT reads them."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    pieces = ["[UNK]", *ASCII[1:], *(f"##{letter}" for letter in ASCII[1:])]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    return wrapped(backend, unk_token="[UNK]")
