"""The closed-vocabulary tokenizer."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.bootstrap.base import embedded_base
from leap_kedro.prompts.embedded import NUMBERED, REARRANGED

TOKENIZER = build_tokenizer(make_benchmark(EnvironmentSpec("alfworld", {})).vocabulary(), 2048)


def tokens(text: str) -> list[str]:
    return TOKENIZER.convert_ids_to_tokens(TOKENIZER(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("environment", ["alfworld", "intercode_bash", "webshop"])
def test_the_base_that_is_shipped_has_the_words_of_its_environment(environment: str) -> None:
    made = build_tokenizer(make_benchmark(EnvironmentSpec(environment, {})).vocabulary(), 2048)
    shipped = AutoTokenizer.from_pretrained(embedded_base(environment))
    assert shipped.get_vocab() == made.get_vocab()
    for name in (NUMBERED, REARRANGED):
        kept, wanted = (tokenizer.init_kwargs.get(name, ()) for tokenizer in (shipped, made))
        assert [list(pair) for pair in kept] == [list(pair) for pair in wanted]


def test_an_entity_with_its_number_is_one_token_and_function_words_are_dropped() -> None:
    assert tokens("On the countertop 3, you see a bread 2, a egg 1, and a spatula 1.") == [
        "On the",
        "countertop 3",
        "bread 2",
        "egg 1",
        "spatula 1",
        ".",
    ]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("put mug 1 in/on desk 1", "move mug 1 to desk 1"),
        ("You arrive at loc 16. The fridge 1 is closed.", "You arrive at fridge 1. The fridge 1 is closed."),
        ("You put the mug 1 in/on the desk 1.", "You move the mug 1 to the desk 1."),
    ],
)
def test_both_text_versions_give_the_same_tokens(older: str, newer: str) -> None:
    assert tokens(older) == tokens(newer)


def test_a_number_beyond_the_vocabulary_is_unknown_not_dropped() -> None:
    assert tokens("go to cabinet 31") == ["go to", "<unk>"]


def test_a_saved_tokenizer_loads_without_code_of_ours(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "I need a mug. Next is drawer 3."
    assert loaded(text)["input_ids"] == TOKENIZER(text)["input_ids"]
    assert loaded.decode(loaded(text)["input_ids"]).strip() == text


@given(st.text())
def test_any_text_is_tokens_of_the_vocabulary(text: str) -> None:
    assert all(0 <= index < len(TOKENIZER) for index in TOKENIZER(text)["input_ids"])
