"""Open actions: what counts as one of those listed, and what fills them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.actions import around, filled, is_listed, is_open
from leap_kedro.policies.scripted import RandomPolicy
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.teachers.checks import is_executable

LISTED = ("click[next >]", "search[<words>]")


@pytest.mark.parametrize(
    ("action", "listed"),
    [
        ("click[next >]", True),
        ("search[red mug]", True),
        ("search[a]b]", True),
        ("search[ ]", False),
        ("search[]", False),
        ("search[two\nlines]", False),
        ("search[", False),
        ("Search[mug]", False),
        ("click[buy now]", False),
        ("", False),
    ],
)
def test_an_action_is_listed_as_it_stands_or_as_an_open_one_with_words(action: str, listed: bool) -> None:
    assert is_listed(action, LISTED) is is_executable(action, LISTED) is listed


@given(st.text(min_size=1, max_size=20).filter(lambda words: words.strip() and "\n" not in words))
def test_what_is_filled_is_listed(words: str) -> None:
    assert is_open("search[<words>]")
    assert around("search[<words>]") == ("search[", "]")
    assert is_listed(filled("search[<words>]", words), LISTED) is (words != "<words>")


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("search[red mug]", "search[red mug]"),
        ("`Search[Red mug].`", "search[Red mug]"),
        ("CLICK[Next >]", "click[next >]"),
    ],
)
def test_a_reply_may_write_it_in_another_case(line: str, action: str) -> None:
    assert parse_reply(f"REASON: r\nACTION: {line}", LISTED, finished=True).action == action


def test_random_play_fills_it_with_words_of_the_task() -> None:
    asked = [Conversation("k", "find me a red mug", (), ("search[<words>]",), seed) for seed in range(5)]
    for reply in RandomPolicy().reply(asked):
        assert is_listed(reply.action, LISTED)
        assert set(reply.action[7:-1].split()) <= {"find", "me", "a", "red", "mug"}
