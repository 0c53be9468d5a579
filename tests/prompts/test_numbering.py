"""Names that mean nothing, as numbers and back."""

from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.prompts.numbering import Numbering

NUMBERING = Numbering([(r"^\[button\] ([A-Z0-9]{4}) \[button_\]$", "item")])
PAGE = "[button] B0A1 [button_]\na mug\n[button] B0A2 [button_]\na pan like B0A1\n[button] Back [button_]"


def test_names_of_a_page_are_numbered_in_its_order_in_any_case_and_as_whole_words() -> None:
    assert NUMBERING.shortened("click[b0a2], not B0A1 or B0A11", PAGE) == "click[item 2], not item 1 or B0A11"
    assert NUMBERING.shortened("click[b0a2]", "another page") == "click[b0a2]"
    assert NUMBERING.shortened(PAGE, PAGE).count("item 1") == 2


def test_numbers_become_the_names_of_the_page_again() -> None:
    assert NUMBERING.restored("item 2 and item 12", PAGE) == "B0A2 and item 12"
    assert Numbering(()).restored("item 2", PAGE) == "item 2"


@given(st.text(), st.text())
def test_any_text_can_be_read(text: str, page: str) -> None:
    assert isinstance(NUMBERING.restored(NUMBERING.shortened(text, page), page), str)
