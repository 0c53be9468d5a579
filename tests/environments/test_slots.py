"""Slots for the words of a task."""

import pytest

from leap_kedro.environments.slots import Slots, phrase_pattern, stem

SLOTS = Slots("Find me women's red-ish berries, red glass dresses (a02#red)", 4, {"find", "me"})
KEPT = phrase_pattern(["i want", "click[", "]", "size"])


@pytest.mark.parametrize(
    ("word", "bare"),
    [("Women's", "women"), ("berries", "berry"), ("dresses", "dress"), ("shirts", "shirt"), ("glass", "glass")],
)
def test_endings_that_do_not_change_the_meaning_are_left_out(word: str, bare: str) -> None:
    assert stem(word) == bare


def test_words_are_numbered_by_first_appearance_up_to_the_limit() -> None:
    assert SLOTS.tokens_in("red dress, berry, red-ish for women") == ["<s3>", "<s2>", "<s1>", "<s0>"]
    assert SLOTS.tokens_in("glass, find me") == []


def test_parts_of_a_joined_word_count_if_the_word_itself_has_no_slot() -> None:
    assert SLOTS.tokens_in("berry/red") == ["<s2>", "<s3>"]
    assert SLOTS.tokens_in("red-ish") == ["<s1>"]


def test_phrases_are_kept_and_other_words_are_runs() -> None:
    assert SLOTS.shown("I want a nice Red berry size", KEPT, "<w>") == "i want <w> <s3> <s2> size"
    assert SLOTS.shown("click[nice red berries]", KEPT) == "click[ <s3> <s2> ]"


def test_text_that_looks_like_a_slot_is_not_one() -> None:
    assert SLOTS.shown("<s0> <s3>red", KEPT) == "<s3>"
    assert SLOTS.tokens_in("<s0> s0") == []


def test_slots_become_the_words_of_the_task() -> None:
    assert SLOTS.restored("I want <s3> <s2>") == "I want red berries"
    assert SLOTS.restored("<s3> <s17>") == "red "
