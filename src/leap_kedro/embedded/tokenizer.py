"""The tokenizer of the embedded student: an object or place with its number is one token.

It consists of standard Hugging Face parts (rewrites, a regular expression, a word-level model), saved as
`tokenizer.json`, so `AutoTokenizer` loads it without further code. Unknown words are dropped, and entities whose number
exceeds their type's maximum become `<unk>`.
"""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from leap_kedro.environments.slots import slot
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.prompts.embedded import NUMBERED, REARRANGED, SLOTS, SPECIAL_TOKENS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_ENTITY = r"[a-z]+ \d+"


def token_list(vocabulary: Vocabulary) -> list[str]:
    """All tokens in order: special ones, phrases, slots, types, entities."""
    types = sorted(vocabulary.entities)
    entities = [f"{kind} {number}" for kind in types for number in range(1, vocabulary.entities[kind] + 1)]
    return list(dict.fromkeys([*SPECIAL_TOKENS, *vocabulary.phrases, *_slots(vocabulary), *types, *entities]))


def _slots(vocabulary: Vocabulary) -> list[str]:
    return [slot(number) for number in range(vocabulary.slots.count)] if vocabulary.slots else []


def build_tokenizer(vocabulary: Vocabulary, max_length: int) -> "PreTrainedTokenizerFast":
    """The tokenizer of a closed vocabulary.

    Args:
        vocabulary: Vocabulary of the texts.
        max_length: Maximum tokens of a conversation.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = {token: index for index, token in enumerate(token_list(vocabulary))}
    tokenizer = Tokenizer(models.WordLevel(tokens, unk_token="<unk>"))
    rewrites = [normalizers.Replace(Regex(pattern), new) for pattern, new in vocabulary.rewrites]
    if rewrites or vocabulary.lowercase:
        lower = [normalizers.Lowercase()] if vocabulary.lowercase else []
        tokenizer.normalizer = normalizers.Sequence([*lower, *rewrites])
    pieces = sorted([*vocabulary.phrases, *_slots(vocabulary), *vocabulary.entities], key=len, reverse=True)
    escaped = "|".join(_bounded(piece) for piece in pieces)
    pattern = f"{_ENTITY}|{escaped}" if vocabulary.entities else escaped
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(Regex("$"), " "), decoders.Fuse(), decoders.Replace(Regex(vocabulary.unspaced), "")]
    )
    made: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<end>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=[token for token in SPECIAL_TOKENS if token not in _NAMED],
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
        **{
            name: [list(pair) for pair in pairs]
            for name, pairs in ((NUMBERED, vocabulary.numbered), (REARRANGED, vocabulary.rearranged))
            if pairs
        },
        **({SLOTS: asdict(vocabulary.slots)} if vocabulary.slots else {}),
    )
    return made


_NAMED = ("<bos>", "<end>", "<pad>", "<unk>")


def _bounded(piece: str) -> str:
    """A pattern for the piece that does not match inside a longer word."""
    start = r"\b" if piece[0].isalnum() else ""
    end = r"\b" if piece[-1].isalnum() else ""
    return f"{start}{re.escape(piece)}{end}"
