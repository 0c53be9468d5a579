"""What a correction must pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.records import Verdict
from leap_kedro.teachers.checks import (
    is_executable,
    leaked_entities,
    normalised,
    verdict_on,
)

SECRETS = ("mug 2", "drawer 3", "desk 1", "mug 1", "safe 1")
OPENING = "Looking quickly around you, you see a desk 1, a drawer 3, and a safe 1."


@pytest.mark.parametrize(
    "written",
    [
        *["mug 2", "Mug 2", "mug2", "mug-2", "MUG  #2", "mug no. 2", "mug number 2", "(mug 2)", "mug_2", "mug 02"],
        *["mug\u20112", "mug\u00a02", "mug\u2009\u21162", "mug n\u00ba 2", "mug \uff12", "mug\u00b2", "mug \u0662"],
        *["\uff2d\uff35\uff27 2", "mu\u200bg\u00ad 2", "mu\u0301g 2", "mug\r\n2"],
    ],
)
def test_normalised_writings_of_one_entity(written: str) -> None:
    assert normalised(written) == "mug 2"


@pytest.mark.parametrize(
    ("reason", "leaked"),
    [
        ("I need a mug. Next is drawer 3.", ()),
        ("I need a mug. mug 2 is in drawer 3.", ("mug 2",)),
        ("Mugs such as Mug#1 are often in drawers.", ("mug 1",)),
        ("I need a mug. mug 21 is here.", ()),
        ("", ()),
    ],
)
def test_a_leak_is_an_entity_that_was_not_shown(reason: str, leaked: tuple[str, ...]) -> None:
    assert leaked_entities(reason, SECRETS, [OPENING]) == leaked


def test_what_an_observation_showed_is_no_leak() -> None:
    assert leaked_entities("mug 2 is here.", SECRETS, [OPENING, "On the desk 1, you see a mug 20."]) == ("mug 2",)
    assert leaked_entities("mug 2 is here.", SECRETS, [OPENING, "On the desk 1, you see a mug 2."]) == ()


DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
SPACES = " \t\n\r\u00a0\u2009\u202f\u3000"
INVISIBLE = "\u200b\u200d\u2060\u00ad\ufeff"
SIGNS = ("", "#", "no. ", "No ", "nr. ", "number ", "\u2116", "(", "\u201c", '"')
KINDS = ("mug", "coffeetable", "soapbottle", "cd")


@st.composite
def spellings(draw: st.DrawFn, kind: str, number: int) -> str:
    """One entity as a language model may write it."""
    letters = "".join(
        draw(
            st.sampled_from(
                (letter, letter.upper(), chr(ord(letter) + 0xFEE0), letter + draw(st.sampled_from(INVISIBLE)))
            )
        )
        for letter in kind
    )
    cut = draw(st.integers(1, len(kind))) if kind in ("coffeetable", "soapbottle") else len(kind)
    if letters.isascii() and cut < len(kind):
        letters = f"{letters[:cut]}{draw(st.sampled_from(SPACES + DASHES))}{letters[cut:]}"
    sign = draw(st.sampled_from(SIGNS))
    gap = draw(st.text(SPACES + DASHES + "_:", min_size=int(sign[:1].isalpha()), max_size=3)) + sign
    digits = draw(st.sampled_from((0x30, 0xFF10, 0x660, 0x1D7CE)))
    return letters + gap + "".join(chr(digits + int(digit)) for digit in str(number))


AROUND = st.text(st.sampled_from(".,;:!?()'\"*`\n\u2014\u00a0 "), max_size=4)


@given(st.data(), st.sampled_from(KINDS), st.integers(1, 30), AROUND, AROUND)
def test_a_secret_is_found_in_any_spelling(
    data: st.DataObject, kind: str, number: int, before: str, after: str
) -> None:
    name = f"{kind} {number}"
    reason = f"I think{before} {data.draw(spellings(kind, number))}{after} is what I need."
    assert leaked_entities(reason, (name, "drawer 3"), [OPENING]) == (name,)


@given(st.data(), st.sampled_from(KINDS), st.integers(1, 30))
def test_what_was_shown_is_never_a_leak_in_any_spelling(data: st.DataObject, kind: str, number: int) -> None:
    name = f"{kind} {number}"
    reason = f"I need {data.draw(spellings(kind, number))}, {name}."
    assert (
        leaked_entities(reason, (name, "drawer 3"), [OPENING, f"On the desk 1, you see a {name}, and a pen 1."]) == ()
    )


@given(st.data(), st.sampled_from(KINDS), st.integers(1, 300), st.integers(1, 300))
def test_another_number_is_another_entity(data: st.DataObject, kind: str, number: int, other: int) -> None:
    reason = f"There is {data.draw(spellings(kind, other))}."
    assert bool(leaked_entities(reason, (f"{kind} {number}",), [OPENING])) is (number == other)


@given(st.text(), st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_any_text_can_be_checked(reason: str, essentials: list[str], shown: list[str]) -> None:
    leaked = leaked_entities(reason, essentials, shown)
    assert set(leaked) <= set(essentials)
    assert leaked_entities(reason, essentials, [*shown, *essentials]) == ()


def test_an_essential_is_matched_whole_whatever_it_is_made_of() -> None:
    title = "Caf\u00e9 Soap, 3-Pack (Lemon) \u4e2d\u6587"
    secrets = (title, "$29.99", "B07XYZ1", "--")
    assert leaked_entities("I would buy the cafe soap 3 pack lemon \u4e2d\u6587.", secrets, []) == (title,)
    assert leaked_entities("Cafe soap, 3 bars", secrets, []) == ()
    assert leaked_entities("It is b07xyz1 for 29.99 dollars.", secrets, []) == ("$29.99", "B07XYZ1")


def test_executable_is_what_the_environment_lists() -> None:
    assert is_executable("look", ("look", "inventory"))
    assert not is_executable("look around", ("look", "inventory"))
    assert not is_executable("cat <<E\nx\nE", None)
    assert is_executable("anything", None)


def test_verdict() -> None:
    assert verdict_on("go to  desk 1 ", "go to desk 1") is Verdict.KEEP
    assert verdict_on("go to desk 1", "go to desk 2") is Verdict.CORRECT
