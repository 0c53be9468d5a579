"""What is read out of a teacher's reply, however it is written."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.protocol import Decision
from leap_kedro.language_models import Completion, Finish
from leap_kedro.records import Rejection
from leap_kedro.teachers.llm.replies import EPISODE_SCHEMA, LONGEST_DETAIL, LONGEST_REPLY, read_episode, read_step
from leap_kedro.teachers.llm.tolerant_json import DEEPEST, values_in

ENTRY = '{"step": 2, "verdict": "correct", "reason": "I need a mug.", "action": "go to desk 1"}'
WHOLE = f'{{"corrections": [{ENTRY}]}}'
MEANT = {1: Decision("I need a mug.", "go to desk 1")}


def said(text: str, finish: Finish = Finish.STOP) -> Completion:
    return Completion(text, finish, 0, 0, None, False)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"Here is what I would change:\n```json\n{WHOLE}\n```\nLet me know if you need [more].",
        f"```\n{WHOLE}",
        f"[{ENTRY}]",
        f'{{"corrections": []}} Wait, step 2 is wrong: {WHOLE}',
        f'{WHOLE} {{"note": "done"}} []',
        '{"corrections": [{"step": 2, "verdict": "correct", "reason": "I need a mug.", "action": "go to desk 1",},],}',
        "{'corrections': [{'step': 2, 'verdict': 'correct', 'reason': 'I need a mug.', 'action': 'go to desk 1'}]}",
        '{corrections: [{step: "2", verdict: "Correct", reason: "I need a mug.", action: "go to desk 1", sure: True}]}',
        '{"corrections": [ // the second step\n {"step": 2.0, "reason": "I need a mug.", "action": "go to desk 1"}]}',
        '{"corrections": [{"step": 2, "reason": "I need \\u0061 mug.", "action": "go to desk 1", "x": None}]}',
        f'{{"corrections": [{ENTRY}, {{"step": 1, "verdict": "keep", "reason": null, "action": ""}}]}}',
        f'{{"corrections": [{{"step": 2, "reason": "no", "action": "look"}}, {ENTRY}]}}',
        f'Thought {{about it}} and [1, 2], "quotes": {WHOLE}',
        WHOLE[:-1],
        WHOLE.replace("a mug", "a\u200b mug"),
    ],
)
def test_many_ways_of_writing_the_same(text: str) -> None:
    reading = read_episode(said(text), range(3))
    assert reading.usable
    assert reading.faults == ()
    assert {step: advice for step, advice in reading.advice.items() if advice} == MEANT


def test_keep_is_the_students_own_reply() -> None:
    reading = read_episode(said(WHOLE.replace('"correct"', '" Keep"')), range(3))
    assert reading.advice == {1: None}
    assert read_step(said('{"verdict": "keep", "reason": "", "action": ""}'), step=4).advice == {4: None}


def test_nothing_to_change_is_an_answer() -> None:
    reading = read_episode(said('{"corrections": []}'), range(3))
    assert reading.usable
    assert reading.advice == {}


@pytest.mark.parametrize(
    ("text", "finish", "rejection"),
    [
        ("", Finish.STOP, Rejection.EMPTY),
        (" \n", Finish.STOP, Rejection.EMPTY),
        ("I would go to the desk.", Finish.STOP, Rejection.UNREADABLE),
        ("<html><body>502 Bad Gateway</body></html>", Finish.STOP, Rejection.UNREADABLE),
        ("[]", Finish.STOP, Rejection.UNREADABLE),
        ("[1, 2, 3]", Finish.STOP, Rejection.UNREADABLE),
        ('{"corrections": "none"}', Finish.STOP, Rejection.UNREADABLE),
        ('{"corrections": [{"step": 2, "reason": "I nee', Finish.STOP, Rejection.UNREADABLE),
        ("__import__('os').system('x')", Finish.STOP, Rejection.UNREADABLE),
        (WHOLE.replace('"go to desk 1"', "[1]"), Finish.STOP, Rejection.UNREADABLE),
        (WHOLE.replace("2", "9"), Finish.STOP, Rejection.UNKNOWN_STEP),
        (WHOLE.replace("2", "0"), Finish.STOP, Rejection.UNKNOWN_STEP),
        (WHOLE.replace("2", "true"), Finish.STOP, Rejection.UNKNOWN_STEP),
        (WHOLE.replace("2", "1.5"), Finish.STOP, Rejection.UNKNOWN_STEP),
        (f"{WHOLE}{' ' * LONGEST_REPLY}", Finish.STOP, Rejection.TOO_LONG),
        ("x" * 1_000_000, Finish.STOP, Rejection.TOO_LONG),
        (WHOLE, Finish.LENGTH, Rejection.TRUNCATED),
        ("I can't help with that.", Finish.REFUSAL, Rejection.REFUSED),
        ("", Finish.CONTENT_FILTER, Rejection.REFUSED),
    ],
)
def test_what_cannot_be_used_has_a_name(text: str, finish: Finish, rejection: Rejection) -> None:
    reading = read_episode(said(text, finish), range(3), attempt=1)
    assert not reading.usable
    assert not reading.advice
    (fault,) = reading.faults
    assert (fault.rejection, fault.attempt, fault.step) == (rejection, 1, None)
    assert 0 < len(fault.detail) <= LONGEST_DETAIL


def test_unknown_steps_do_not_spoil_the_others() -> None:
    reading = read_episode(said(f"[{ENTRY}, {ENTRY.replace('2', '7')}]"), range(3))
    assert reading.advice == MEANT
    assert reading.usable
    assert [(fault.rejection, fault.detail) for fault in reading.faults] == [
        (Rejection.UNKNOWN_STEP, "no such step: 7")
    ]


def test_a_reply_about_one_step_needs_no_number() -> None:
    entry = {"verdict": "correct", "reason": "I need a mug.", "action": "go to desk 1"}
    assert read_step(said(f"Sure: {json.dumps(entry)}"), step=1).advice == MEANT
    unread = read_step(said('{"reason": "I need a mug."}'), 1, step=5)
    assert [(fault.rejection, fault.step, fault.attempt) for fault in unread.faults] == [(Rejection.UNREADABLE, 5, 1)]


def test_the_schema_is_what_strict_servers_want() -> None:
    def check(schema: dict[str, Any]) -> None:
        if schema["type"] == "object":
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
            for inner in schema["properties"].values():
                check(inner)
        elif schema["type"] == "array":
            check(schema["items"])

    check(EPISODE_SCHEMA)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    ).filter(lambda value: isinstance(value, list | dict)),
    st.booleans(),
)
def test_json_is_read_as_json(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert list(values_in(f"so: {text} and")) == [value]


@given(st.text(alphabet="{}[]\"'\\,:/*# \n0.5eTrueNone\u00a0ü") | st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    for value in values_in(text):
        assert isinstance(value, list | dict)
    read_episode(said(text), range(3))
    read_step(said(text), step=0)


@pytest.mark.parametrize(
    "unit", ["[", "{", '["', "['", '{"a":', "[/*", "[//", "[ ", '["\\', "[1,", "[[],", "{'", "[{},", '{"a":[', "/*[*"]
)
def test_hostile_texts_take_no_longer_than_long_ones(unit: str) -> None:
    text = (unit * LONGEST_REPLY)[:LONGEST_REPLY]
    start = time.process_time()
    list(values_in(text))
    assert time.process_time() - start < 3


def test_values_nest_only_so_deep() -> None:
    assert list(values_in("[" * DEEPEST + "]" * DEEPEST))
    assert len(list(values_in("[" * 99 + "]" * 99))) == 1
