"""What a correction must pass."""

import pytest

from leap_kedro.records import PrivilegedState, Verdict
from leap_kedro.teachers.checks import (
    is_executable,
    leaked_entities,
    normalised,
    privileged_entities,
    verdict_on,
)

STATE = PrivilegedState(
    task="put a mug in desk.",
    essentials=("mug 2", "drawer 3", "desk 1"),
    facts=("mug 2 is in drawer 3.", "mug 1 is in safe 1.", "drawer 3 is closed."),
    plan=("go to drawer 3", "open drawer 3", "take mug 2 from drawer 3"),
)
OPENING = "Looking quickly around you, you see a desk 1, a drawer 3, and a safe 1."


@pytest.mark.parametrize(
    "written", ["mug 2", "Mug 2", "mug2", "mug-2", "MUG  #2", "mug no. 2", "mug number 2", "(mug 2)"]
)
def test_normalised_writings_of_one_entity(written: str) -> None:
    assert normalised(written) == "mug 2"


def test_entities_of_the_privileged_state() -> None:
    assert privileged_entities(STATE) == ("mug 2", "drawer 3", "desk 1", "mug 1", "safe 1")


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
    assert leaked_entities(reason, STATE, [OPENING]) == leaked


def test_what_an_observation_showed_is_no_leak() -> None:
    assert leaked_entities("mug 2 is here.", STATE, [OPENING, "On the desk 1, you see a mug 20."]) == ("mug 2",)
    assert leaked_entities("mug 2 is here.", STATE, [OPENING, "On the desk 1, you see a mug 2."]) == ()


def test_executable_is_what_the_environment_lists() -> None:
    assert is_executable("look", ("look", "inventory"))
    assert not is_executable("look around", ("look", "inventory"))
    assert is_executable("anything", None)


def test_verdict() -> None:
    assert verdict_on("go to  desk 1 ", "go to desk 1") is Verdict.KEEP
    assert verdict_on("go to desk 1", "go to desk 2") is Verdict.CORRECT
