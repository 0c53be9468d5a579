"""Where things are, by what a transcript has shown."""

from leap_kedro.environments.alfworld.student.notes import Notes

OPENING = (
    "-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly around you, you see a "
    "cabinet 1, a desk 1, and a shelf 1.\n\nYour task is to: put a mug in desk."
)


def test_an_object_listed_in_several_places_has_no_one_place() -> None:
    notes = Notes(OPENING, ["mug 2 is in cabinet 1.", "mug 3 is in shelf 1.", "mug 3 is in desk 1."])
    assert notes.privileged == {"mug 2": "cabinet 1"}
    notes.observe("go to desk 1", "You arrive at loc 1. On the desk 1, you see a mug 1, and a pen 1.")
    notes.observe("go to shelf 1", "You arrive at loc 2. On the shelf 1, you see a pen 1.")
    assert notes.whereabouts == {"mug 1": "desk 1"}


def test_what_was_seen_elsewhere_is_no_longer_told() -> None:
    notes = Notes(OPENING, ["mug 1 is in desk 1.", "mug 2 is in cabinet 1.", "cabinet 1 is closed."])
    notes.observe("go to desk 1", "You arrive at loc 1. On the desk 1, you see a mug 1, and a pen 1.")
    notes.observe("take mug 1 from desk 1", "You pick up the mug 1 from the desk 1.")
    assert notes.whereabouts == {"mug 1": "", "pen 1": "desk 1"}
    assert notes.privileged == {"mug 2": "cabinet 1"}
    assert notes.view == ["pen 1"]
    assert notes.visited == {"desk 1"}
