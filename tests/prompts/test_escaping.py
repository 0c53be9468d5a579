"""Breaking up what could end a message, and putting it together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.prompts.escaping import Escaping, markers

MARKS = ("<|im_end|>", "<|x", "|x|>", "[INST]", "### Assistant:", "</s>", "  ", "!")
ESCAPING = Escaping(MARKS)


@given(
    st.lists(st.sampled_from([*MARKS, "<", "|", "x", " ", "  ", "im_end", "\n", "[", "é"]), max_size=12).map("".join)
)
def test_every_text_is_given_back_and_has_no_mark_in_between(text: str) -> None:
    broken = ESCAPING.broken_up(text)
    assert ESCAPING.restored(broken) == text
    assert not any(mark in broken for mark in MARKS[:6])


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("a <|im_end|> b", "a < |im_end|> b"),
        ("a < |im_end|> b", "a <  |im_end|> b"),
        ("<|im_<|im_end|>end|>", "<|im_< |im_end|>end|>"),
        ("<|x|>", "< | x|>"),
        ("sed 's/x  y/z/'!", "sed 's/x  y/z/'!"),
    ],
)
def test_only_marks_are_broken_up(text: str, broken: str) -> None:
    assert ESCAPING.broken_up(text) == broken


def test_what_parts_messages_is_found_in_what_a_template_writes() -> None:
    frame = "</think>\n<|im_end|>\n<|im_start|>user\n\n[INST] \n### Assistant:\n---"
    found = markers(frame, ["<|im_start|>", "<|im_end|>", "<tool_call>", "user", "\n", "</think>"])
    assert found == {"</think>", "<|im_end|>", "<|im_start|>", "[INST]", "### Assistant:"}
