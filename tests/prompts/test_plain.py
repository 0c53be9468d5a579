"""Reading replies written as plain text."""

import pytest

from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus

LISTED = ("go to drawer 1", "take mug 2 from drawer 1")


@pytest.mark.parametrize(
    ("text", "reason", "action"),
    [
        ("REASON: I need a mug.\nACTION: go to drawer 1", "I need a mug.", "go to drawer 1"),
        ("reason: I need it\naction: Go to drawer 1.", "I need it", "go to drawer 1"),
        ("**REASON:** I look.\n**ACTION:** `go to drawer 1`\n", "I look.", "go to drawer 1"),
        ("**Reasoning**: I look.\n**Action**: go to drawer 1", "I look.", "go to drawer 1"),
        (
            "THOUGHT: so\nACTION: look\nNo, better:\nACTION: go to drawer 1",
            "so\nACTION: look\nNo, better:",
            "go to drawer 1",
        ),
        ("ACTION: go to drawer 1\nand then I take it", "", "go to drawer 1"),
        ("REASON: a\nACTION:\n```bash\nls -la *\n```", "a", "ls -la *"),
        ("REASON: a\nACTION: find . -name '*.py' -o -name \"a\"", "a", "find . -name '*.py' -o -name \"a\""),
        ("REASON: a\nACTION: ls .", "a", "ls ."),
        ("REASON: a\nACTION: fly away.", "a", "fly away."),
    ],
)
def test_replies_are_read(text: str, reason: str, action: str) -> None:
    parsed = parse_reply(text, LISTED, finished=True)
    assert (parsed.reason, parsed.action, parsed.status) == (reason, action, ParseStatus.OK)


@pytest.mark.parametrize(
    ("text", "finished", "status"),
    [
        ("I am not sure what to do.", True, ParseStatus.NO_ACTION),
        ("REASON: I am not", False, ParseStatus.TRUNCATED),
        ("REASON: a\nACTION: take mug", False, ParseStatus.TRUNCATED),
        ("REASON: a\nACTION:", True, ParseStatus.NO_ACTION),
        ("", True, ParseStatus.EMPTY),
        (" \n", True, ParseStatus.EMPTY),
        ("<think>ACTION: look\n", False, ParseStatus.ONLY_THOUGHTS),
        ("<think>ACTION: look\n", True, ParseStatus.ONLY_THOUGHTS),
        ("<think>ACTION: look\n</think>\n", True, ParseStatus.ONLY_THOUGHTS),
        ("ACTION: look\n</think>", True, ParseStatus.ONLY_THOUGHTS),
        ("[THINK]ACTION: look\n[/THINK]", True, ParseStatus.ONLY_THOUGHTS),
        ("<think>ACTION: look\n</think>I am not sure.", True, ParseStatus.NO_ACTION),
    ],
)
def test_replies_without_an_action_say_why(text: str, finished: bool, status: ParseStatus) -> None:
    parsed = parse_reply(text, LISTED, finished)
    assert (parsed.action, parsed.status) == ("", status)


def test_thoughts_in_front_of_an_answer_are_not_read() -> None:
    text = "<think>\nREASON: one\nACTION: go to desk 1\n</think>\nREASON: two\nACTION: look"
    parsed = parse_reply(text, ("go to desk 1", "look"), finished=True)
    assert (parsed.text, parsed.reason, parsed.action) == (text, "two", "look")


def test_a_cut_off_reply_counts_if_the_action_line_is_whole() -> None:
    assert parse_reply("ACTION: go to drawer 1\nBecause", LISTED, finished=False).status is ParseStatus.OK


@pytest.mark.parametrize("action", ['"yes"', "look", "Look", "look.", "**"])
def test_an_action_written_as_it_is_listed_is_that_action(action: str) -> None:
    listed = ("Look", "look", "look.", "yes", '"yes"', "**")
    assert parse_reply(f"REASON: a\nACTION: {action}", listed, finished=True).action == action
