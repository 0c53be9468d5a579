"""What the text says is what the recorded games said."""

import json
import lzma
from pathlib import Path

import pytest

from leap_kedro.environments.alfworld.teaching import text_parser
from leap_kedro.environments.alfworld.teaching.memory import Memory
from leap_kedro.environments.alfworld.teaching.text_parser import Change, Goal

OPENING = (
    "-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly around you, you see "
    "a bed 1, a drawer 2, a drawer 1, and a desk 1.\n\nYour task is to: put a mug in desk."
)


@pytest.mark.parametrize(
    ("sentence", "goal"),
    [
        ("put a mug in desk.", Goal("mug", "desk")),
        ("put some mug on desk.", Goal("mug", "desk")),
        ("put a clean cloth in drawer.", Goal("cloth", "drawer", Change.CLEAN)),
        ("put a hot apple in fridge.", Goal("apple", "fridge", Change.HEAT)),
        ("put a cool pan in countertop.", Goal("pan", "countertop", Change.COOL)),
        ("clean some cloth and put it in drawer.", Goal("cloth", "drawer", Change.CLEAN)),
        ("heat some apple and put it in fridge.", Goal("apple", "fridge", Change.HEAT)),
        ("cool some pan and put it in countertop.", Goal("pan", "countertop", Change.COOL)),
        ("put two cd in safe.", Goal("cd", "safe", count=2)),
        ("find two cd and put them in safe.", Goal("cd", "safe", count=2)),
        ("look at bowl under the desklamp.", Goal("bowl", lamp="desklamp")),
        ("examine the bowl with the desklamp.", Goal("bowl", lamp="desklamp")),
    ],
)
def test_goal_wordings(sentence: str, goal: Goal) -> None:
    assert text_parser.parse_goal(sentence) == goal


def test_an_unknown_goal_is_refused_with_its_wording() -> None:
    with pytest.raises(text_parser.UnreadableOpening, match="sing a song"):
        text_parser.parse_goal("sing a song.")
    with pytest.raises(text_parser.UnreadableOpening, match="Your task is to"):
        text_parser.parse_opening("You are in the middle of a room.")


def test_places_come_in_the_order_listed() -> None:
    assert text_parser.parse_opening(OPENING).places == ("bed 1", "drawer 2", "drawer 1", "desk 1")


@pytest.mark.parametrize(
    ("observation", "event"),
    [
        (
            "You arrive at loc 6. On the desk 1, you see a mug 1, and a pen 2.",
            text_parser.Seen("desk 1", ("mug 1", "pen 2"), True),
        ),
        ("You arrive at desk 1. On the desk 1, you see nothing.", text_parser.Seen("desk 1", (), True)),
        (
            "You arrive at loc 24. The drawer 3 is open. In it, you see a cloth 1.",
            text_parser.Seen("drawer 3", ("cloth 1",), True),
        ),
        ("The drawer 3 is closed.", text_parser.Seen("drawer 3", None)),
        ("You open the drawer 3. The drawer 3 is open. In it, you see nothing.", text_parser.Seen("drawer 3", ())),
        ("You move the mug 1 to the desk 1.", text_parser.Put("mug 1", "desk 1")),
        ("You put the mug 1 in/on the desk 1.", text_parser.Put("mug 1", "desk 1")),
        ("You cool the mug 1 using the fridge 1.", text_parser.Changed("mug 1", Change.COOL, "fridge 1")),
        ("You are carrying: a mug 1.", text_parser.Carrying("mug 1")),
        ("You are not carrying anything.", text_parser.Carrying(None)),
        (
            "You are facing the drawer 2, and drawer 1. Next to it, you see a pen 1.",
            text_parser.Facing(("drawer 2", "drawer 1")),
        ),
        ("Nothing happens.", text_parser.Refused()),
        ("This is a hot apple 1.", text_parser.Other()),
    ],
)
def test_observations(observation: str, event: text_parser.Event) -> None:
    assert text_parser.read(observation) == event


@pytest.mark.official
@pytest.mark.parametrize("version", ["2.1.1", "2.1.2"])
def test_memory_of_recorded_games_agrees_with_their_admissible_actions(shared_alfworld: Path, version: str) -> None:
    steps = 0
    with lzma.open(shared_alfworld / "traces" / f"text_{version}.jsonl.xz", "rt") as lines:
        for game in map(json.loads, lines):
            memory = Memory(game["intro"])
            for step in game["steps"]:
                memory.observe(step["action"], step["observation"])
                steps += 1
                for action in step["admissible"]:
                    verb, _, rest = action.partition(" ")
                    if verb in ("put", "move"):
                        thing, _, place = rest.partition(" in/on " if verb == "put" else " to ")
                        assert memory.held == thing
                        assert memory.put_action.format(thing=thing, place=place) == action
                    elif verb == "take":
                        thing, _, place = rest.partition(" from ")
                        assert memory.held is None
                        if place in memory.seen and place in memory.here:
                            assert place not in memory.closed
                            assert thing in memory.contents[place]
                    elif verb in ("open", "close") and rest in memory.here:
                        assert (rest in memory.closed) == (verb == "open") or rest not in memory.seen | memory.closed
                    elif action.startswith("go to "):
                        assert action.removeprefix("go to ") not in memory.here
    assert steps > 100
