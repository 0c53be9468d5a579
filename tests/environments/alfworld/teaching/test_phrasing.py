"""How a teacher words its reasons."""

import pytest

from leap_kedro.environments.alfworld.teaching.phrasing import AlfworldPhrasing
from leap_kedro.environments.alfworld.teaching.reasons import CLAUSES, VARIANTS, Because, Need, reason
from leap_kedro.environments.protocol import Decision

PHRASING = AlfworldPhrasing()
GO = Decision("I need a mug. Next is drawer 3.", "go to drawer 3")
OPEN = Decision("I need another mug. safe 1 is closed.", "open safe 1")


@pytest.mark.parametrize(
    ("decision", "group", "privilege", "worded"),
    [
        (GO, "drawer", 0, GO.reason),
        (GO, "drawer", 25, GO.reason),
        (GO, "drawer", 50, "I need a mug. Next is drawer 3. Such things are often at a drawer."),
        (GO, "drawer", 75, "I need a mug. Next is drawer 3. Perhaps it is at drawer 3."),
        (OPEN, "", 50, "I need another mug. safe 1 is closed. Such things are often at a safe."),
        (OPEN, "safe", 75, "I need another mug. safe 1 is closed. Perhaps it is at safe 1."),
        (Decision("I need a mug.", "look"), "", 75, "I need a mug."),
    ],
)
def test_a_hint_says_as_much_as_the_level_lets_it(decision: Decision, group: str, privilege: int, worded: str) -> None:
    assert PHRASING.hinted(decision, group, privilege) == worded


def test_varied_wordings_are_all_there_are_and_the_seed_decides() -> None:
    said = {PHRASING.varied(GO.reason, f"an episode/{step}") for step in range(100)}
    firsts = ("I need a mug.", "I am looking for a mug.", "I have to find a mug.")
    seconds = ("Next is drawer 3.", "I have not looked at drawer 3 yet.", "drawer 3 comes next.")
    assert said == {f"{first} {second}" for first in firsts for second in seconds}
    assert PHRASING.varied(GO.reason, "an episode/7") == PHRASING.varied(GO.reason, "an episode/7")


def test_every_clause_of_the_experts_is_found_again() -> None:
    parts = {"kind": "mug", "thing": "mug 2", "place": "drawer 3", "name": "mug 2"}
    for need in Need:
        for because in Because:
            whole = reason(need, because, **parts)
            said = {PHRASING.varied(whole, str(seed)) for seed in range(100)}
            assert len(said) == (1 + len(VARIANTS[need])) * (1 + len(VARIANTS[because]))


def test_what_is_no_clause_of_theirs_stays_as_it_is() -> None:
    for text in ("", "Such things are often at a safe.", "mug 2 is in drawer 3.", "I need a mug", "Anything. At all."):
        assert PHRASING.varied(text, "0") == text
    assert set(VARIANTS) <= set(CLAUSES)
