"""Replies that play a listed action, as servers are asked to hold models to them."""

import json
import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.actions import OPEN, filled, is_listed
from leap_kedro.prompts.listed_replies import follows_grammar, parse_json_reply, reply_grammar, reply_schema
from leap_kedro.prompts.messages import reply_text
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus

LISTED = ("go to desk 1", "go to desk 10", "look", "click[< prev]", 'say "a \\ b"', "`x`", f"search[{OPEN}]")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), include_characters=" "), min_size=1)
ACTIONS = TEXTS.map(str.strip).filter(lambda text: bool(text) and OPEN not in text)
LISTS = st.lists(ACTIONS, min_size=1, max_size=5, unique=True).map(tuple)


def pattern_of(grammar: str) -> re.Pattern[str]:
    """The grammar as a regular expression; no rule of it contains itself."""
    rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())
    tokens = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|[A-Za-z]\w*|[()|*?]|\s+')

    escaped = re.compile(r"\\(.)")

    def expression(name: str) -> str:
        return "(?:" + "".join(map(written, tokens.findall(rules[name]))) + ")"

    def written(token: str) -> str:
        if token[0] == '"':
            return re.escape(escaped.sub(lambda found: {"n": "\n"}.get(found[1], found[1]), token[1:-1]))
        return expression(token) if token[0].isalpha() else token.strip()

    return re.compile(expression("root"))


@pytest.mark.parametrize("trained", [True, False])
@given(actions=LISTS, reason=TEXTS, other=ACTIONS)
def test_exactly_the_listed_actions_are_accepted(
    trained: bool, actions: tuple[str, ...], reason: str, other: str
) -> None:
    accepts = pattern_of(reply_grammar(actions, trained=trained)).fullmatch
    for action in actions:
        text = reply_text(reason.strip(), action)
        assert accepts(text)
        assert follows_grammar(text, actions, True, trained=trained)
        assert parse_reply(text, actions, True).action == action
        for end in range(len(text)):
            assert follows_grammar(text[:end], actions, False, trained=trained)
    text = reply_text(reason.strip(), other)
    assert bool(accepts(text)) == follows_grammar(text, actions, True, trained=trained) == (other in actions)


@pytest.mark.parametrize(
    ("text", "trained", "prompted"),
    [
        ("REASON: a\nACTION: go to desk 1", True, True),
        ("REASON: a\nACTION: go to desk 10", True, True),
        ("REASON: a\nACTION: go to desk 2", False, False),
        ("REASON: a\nACTION: go to desk", False, False),
        ("REASON: a\nACTION: search[red mug]", True, True),
        ("REASON: a\nACTION: search[a ] b]", True, True),
        ("REASON: a\nACTION: search[red mug", False, False),
        ("REASON: a\nACTION: search[ ]", False, False),
        ("REASON: a\nACTION: look\nACTION: look", False, False),
        ("REASON: a\nAction: fly\nACTION: look", True, False),
        ("REASON: a\n\nACTION: look", True, False),
        ("ACTION: look", True, False),
        ("I would look.", True, False),
        ("REASON: a\nACTIO", True, False),
        ("I would look.\nACTION: fly", False, False),
    ],
)
def test_a_student_may_write_before_its_action_and_a_prompted_model_writes_the_form(
    text: str, trained: bool, prompted: bool
) -> None:
    for kind, accepted in ((True, trained), (False, prompted)):
        assert bool(pattern_of(reply_grammar(LISTED, trained=kind)).fullmatch(text)) is accepted
        assert follows_grammar(text, LISTED, True, trained=kind) is accepted


def test_thoughts_that_a_server_leaves_in_a_reply_are_no_part_of_it() -> None:
    assert follows_grammar("<think>\nREASON: b\n</think>\n\nREASON: a\nACTION: look", LISTED, True, trained=False)


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("REASON: a\nACTION: search[re", True),
        ("REASON: a\nACTION: go to desk 1", True),
        ("REASON: a\nACTION: fly", False),
        ("REASON: a\nACTION: look\nand", False),
        ("I would look, because", False),
        ("", True),
        ("<think>\nI would", True),
    ],
)
def test_a_reply_that_was_cut_off_may_be_the_beginning_of_one(text: str, follows: bool) -> None:
    assert follows_grammar(text, LISTED, False, trained=False) is follows


@given(actions=LISTS, other=ACTIONS, words=TEXTS)
def test_the_schema_has_the_same_actions(actions: tuple[str, ...], other: str, words: str) -> None:
    listed = (*actions, f"[{OPEN}]")
    validator = jsonschema.Draft202012Validator(reply_schema(listed))
    for action in (*actions, other, filled(f"[{OPEN}]", words), "[]"):
        reply = {"reason": "a", "action": action}
        accepted = validator.is_valid(reply)
        assert accepted == is_listed(action, listed)
        parsed = parse_json_reply(json.dumps(reply), listed, True)
        assert (parsed.reason, parsed.action, parsed.status) == (
            ("a", action, ParseStatus.OK) if accepted else ("", "", ParseStatus.NO_ACTION)
        )


@pytest.mark.parametrize(
    ("text", "finished", "status"),
    [
        ('{"reason": "a", "act', False, ParseStatus.TRUNCATED),
        ("REASON: a\nACTION: look", True, ParseStatus.NO_ACTION),
        ('["look"]', True, ParseStatus.NO_ACTION),
        ("", True, ParseStatus.EMPTY),
    ],
)
def test_a_json_reply_without_an_action_says_why(text: str, finished: bool, status: ParseStatus) -> None:
    assert parse_json_reply(text, LISTED, finished).status is status
