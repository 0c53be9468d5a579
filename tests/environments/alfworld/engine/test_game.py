"""The native engine on a kitchen written by hand: every wording and rule once, in both text versions."""

import copy
import pickle
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kitchen import GOALS, kitchen, pddl

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import Goal, ObjectState, TaskType, TextVersion
from leap_kedro.environments.alfworld.tasks.pddl import ProblemError, parse_problem

INTRO = (
    "-= Welcome to TextWorld, ALFRED! =-\n\n"
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, a countertop 1, "
    "a diningtable 1, a fridge 1, a microwave 1, and a sinkbasin 1.\n\n"
    "Your task is to: heat some apple and put it in diningtable."
)
GO_ALL = [
    "go to cabinet 1",
    "go to cabinet 2",
    "go to countertop 1",
    "go to diningtable 1",
    "go to fridge 1",
    "go to microwave 1",
    "go to sinkbasin 1",
]
COUNTERTOP = "On the countertop 1, you see a apple 2, a knife 1, and a pan 1."


def play(game: Game, commands: Iterable[str]) -> list[str]:
    """The observations; every command must be accepted."""
    observations = []
    for command in commands:
        observation, _, _, accepted = game.step(command)
        assert accepted, command
        observations.append(observation)
    return observations


def test_heat_task_in_2_1_1() -> None:
    game = Game(kitchen())
    assert game.reset() == INTRO
    assert list(game.admissible()) == [*GO_ALL, "inventory", "look"]
    # Names: ids sort as "...plus_01...", "...plus_02...", and the first gets the highest number.
    assert game.step("go to countertop 1") == (f"You arrive at loc 5. {COUNTERTOP}", 0, False, True)
    assert list(game.admissible()) == [
        "examine countertop 1",
        *(command for command in GO_ALL if command != "go to countertop 1"),
        "inventory",
        "look",
        "take apple 2 from countertop 1",
        "take knife 1 from countertop 1",
        "take pan 1 from countertop 1",
    ]
    assert play(
        game,
        [
            "take apple 2 from countertop 1",
            "go to microwave 1",
            "heat apple 2 with microwave 1",
            "open microwave 1",
            "close microwave 1",
            "inventory",
            "go to diningtable 1",
        ],
    ) == [
        "You pick up the apple 2 from the countertop 1.",
        "You arrive at loc 2. The microwave 1 is closed.",
        "You heat the apple 2 using the microwave 1.",
        "You open the microwave 1. The microwave 1 is open. In it, you see nothing.",
        "You close the microwave 1.",
        "You are carrying: a apple 2.",
        "You arrive at loc 4. On the diningtable 1, you see a desklamp 1, and a pan 1.",
    ]
    assert game.step("put apple 2 in/on diningtable 1") == (
        "You put the apple 2 in/on the diningtable 1.",
        1,
        True,
        True,
    )
    # The game can be played on, and the score follows the goal.
    assert game.step("take apple 2 from diningtable 1")[1:] == (0, False, True)


def test_wordings_of_2_1_2() -> None:
    game = Game(kitchen(text_version=TextVersion.V2_1_2))
    assert game.reset() == INTRO
    assert list(game.admissible()) == [*GO_ALL, "help", "inventory", "look"]
    observations = play(
        game,
        [
            "help",
            "go to countertop 1",
            "take apple 2 from countertop 1",
            "go to diningtable 1",
            "move apple 2 to diningtable 1",
        ],
    )
    assert observations[0].startswith("Available commands:\n  look:      ")
    assert observations[0].endswith("  slice (object) with (object):     slice an object using a sharp object\n")
    assert observations[1] == f"You arrive at countertop 1. {COUNTERTOP}"
    assert observations[4] == "You move the apple 2 to the diningtable 1."
    assert not game.step("put apple 2 in/on diningtable 1")[3]


@pytest.mark.parametrize(
    ("treatments", "description"),
    [
        ((), "There's nothing special about apple 2."),
        (("clean",), "This is a clean apple 2."),
        (("heat",), "This is a hot apple 2."),
        (("cool",), "This is a cold apple 2."),
        (("heat", "cool"), "This is a cold apple 2."),
        (("cool", "heat", "clean"), "This is a hot and clean apple 2."),
        (("clean", "cool"), "This is a cool and clean apple 2."),
        (("slice",), "This is a sliced apple 2."),
        (("slice", "clean"), "This is a clean sliced apple 2."),
        (("slice", "heat"), "This is a hot sliced apple 2."),
        (("slice", "cool"), "This is a cool sliced apple 2."),
        (("slice", "clean", "heat"), "This is a hot and clean sliced apple 2."),
        (("slice", "clean", "cool"), "This is a cool and clean sliced apple 2."),
    ],
)
def test_examine_what_is_held(treatments: tuple[str, ...], description: str) -> None:
    game = Game(kitchen())
    play(game, ["go to countertop 1"])
    if "slice" in treatments:
        _, cut, _ = play(
            game,
            [
                "take knife 1 from countertop 1",
                "slice apple 2 with knife 1",
                "put knife 1 in/on countertop 1",
            ],
        )
        assert cut == "You sliced the apple 2 with the knife 1."
    play(game, ["take apple 2 from countertop 1"])
    place = {"clean": "sinkbasin 1", "heat": "microwave 1", "cool": "fridge 1"}
    for treatment in treatments:
        if treatment != "slice":
            play(game, [f"go to {place[treatment]}", f"{treatment} apple 2 with {place[treatment]}"])
    assert game.step("examine apple 2")[0] == description


def test_containers_show_their_first_contents_and_only_held_objects_are_examined() -> None:
    game = Game(kitchen())
    play(game, ["go to cabinet 2", "open cabinet 2"])
    assert game.step("examine bowl 1") == ("Nothing happens.", 0, False, False)
    assert play(game, ["take bowl 1 from cabinet 2", "examine bowl 1", "examine cabinet 2", "examine cabinet 1"])[
        1:
    ] == [
        "This is a normal bowl 1. In it, you see a spoon 1.",
        "The cabinet 2 is open. In it, you see a spoon 1.",
        "The cabinet 1 is closed.",
    ]


def test_look_tells_what_was_moved_between_neighbours() -> None:
    game = Game(kitchen())
    assert game.step("look")[0] == "You are in the middle of a room. Looking quickly around you, you see nothing."
    play(game, ["go to cabinet 1"])
    assert "go to cabinet 2" not in game.admissible()  # it is at the same place
    play(game, ["open cabinet 1", "open cabinet 2", "take bowl 1 from cabinet 2"])
    assert play(game, ["look", "put bowl 1 in/on cabinet 1", "look"]) == [
        "You are facing the cabinet 2, and cabinet 1. Next to it, you see nothing.",
        "You put the bowl 1 in/on the cabinet 1.",
        "You are facing the cabinet 2, and cabinet 1. Next to it, you see a bowl 1.",
    ]
    play(game, ["take bowl 1 from cabinet 1", "put bowl 1 in/on cabinet 2"])
    assert game.step("look")[0].endswith("Next to it, you see a bowl 1.")


def test_object_listed_in_two_receptacles_stays_in_the_other() -> None:
    game = Game(kitchen())
    play(game, ["go to countertop 1", "take pan 1 from countertop 1"])
    assert game.step("go to diningtable 1")[0].endswith("you see a desklamp 1, and a pan 1.")
    assert "take pan 1 from diningtable 1" not in game.admissible()
    play(game, ["put pan 1 in/on diningtable 1", "take pan 1 from diningtable 1"])
    assert game.step("examine diningtable 1")[0] == "On the diningtable 1, you see a desklamp 1."


def test_put_needs_an_open_receptacle_of_a_fitting_type() -> None:
    game = Game(kitchen())
    play(game, ["go to countertop 1", "take knife 1 from countertop 1", "go to diningtable 1"])
    assert not any(command.startswith("put") for command in game.admissible())
    play(game, ["go to countertop 1", "put knife 1 in/on countertop 1", "take apple 2 from countertop 1"])
    play(game, ["go to fridge 1"])
    assert not any(command.startswith("put") for command in game.admissible())
    play(game, ["cool apple 2 with fridge 1", "open fridge 1", "put apple 2 in/on fridge 1"])
    assert game.step("examine fridge 1")[0] == "The fridge 1 is open. In it, you see a apple 2, and a apple 1."


@pytest.mark.parametrize("task_type", sorted(GOALS))
def test_goals_of_all_task_types(task_type: str) -> None:
    game = Game(kitchen(task_type))
    assert game.problem.goal.task_type == task_type
    plans = {
        "pick_and_place_simple": ["go to diningtable 1", "put apple 2 in/on diningtable 1"],
        "pick_clean_then_place_in_recep": [
            "go to sinkbasin 1",
            "clean apple 2 with sinkbasin 1",
            "go to diningtable 1",
            "put apple 2 in/on diningtable 1",
        ],
        "pick_heat_then_place_in_recep": [
            "go to microwave 1",
            "heat apple 2 with microwave 1",
            "go to diningtable 1",
            "put apple 2 in/on diningtable 1",
        ],
        "pick_cool_then_place_in_recep": [
            "go to fridge 1",
            "cool apple 2 with fridge 1",
            "go to diningtable 1",
            "put apple 2 in/on diningtable 1",
        ],
        "pick_two_obj_and_place": [
            "go to diningtable 1",
            "put apple 2 in/on diningtable 1",
            "go to fridge 1",
            "open fridge 1",
            "take apple 1 from fridge 1",
            "go to diningtable 1",
            "put apple 1 in/on diningtable 1",
        ],
        "look_at_obj_in_light": [
            "put apple 2 in/on countertop 1",
            "take pan 1 from countertop 1",
            "go to diningtable 1",
            "use desklamp 1",
        ],
    }
    play(game, ["go to countertop 1", "take apple 2 from countertop 1"])
    *before, last = plans[task_type]
    for command in before:
        assert game.step(command)[1:] == (0, False, True), command
    assert game.step(command := last)[1:] == (1, True, True), command


def test_lamp_is_on_only_while_the_agent_stands_by_it() -> None:
    game = Game(kitchen("look_at_obj_in_light"))
    play(game, ["go to countertop 1", "take pan 1 from countertop 1", "go to diningtable 1"])
    assert game.step("use desklamp 1") == ("You turn on the desklamp 1.", 1, True, True)
    assert game.step("go to fridge 1")[1:] == (0, False, True)
    assert game.step("go to diningtable 1")[1:] == (1, True, True)


def test_initial_states_come_from_the_facts() -> None:
    apple = next(thing for thing in kitchen().objects if thing.id == "Apple_bar__plus_02_dot_00")
    assert apple.states == {ObjectState.COOL}
    game = Game(kitchen())
    play(game, ["go to fridge 1", "open fridge 1", "take apple 1 from fridge 1"])
    assert game.step("examine apple 1")[0] == "This is a cold apple 1."


def test_goal_is_read_as_a_value() -> None:
    assert kitchen("pick_two_obj_and_place").goal == Goal(TaskType.TWO, "Apple", "DiningTable")
    assert kitchen("look_at_obj_in_light").goal == Goal(TaskType.LOOK, "Pan", lamp_type="DeskLamp")
    assert kitchen("pick_cool_then_place_in_recep").goal.needed_state is ObjectState.COOL


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no \\(:init"),
        ("(:init (atLocation agent1 loc_bar_0)) (:goal (and))", "none of the six task types"),
        (pddl().replace("(atLocation agent1 loc_bar_0)", ""), "incomplete"),
        (pddl().replace("(receptacleAtLocation Fridge_bar__plus_04_dot_00 loc_bar_4)", ""), "incomplete"),
        (
            pddl().replace("(inReceptacle Pan_bar__plus_01_dot_00 Count", "(inReceptacle Pan_bar_1 C"),
            "no receptacleType",
        ),
        (pddl().replace("(isCool Apple", "(holds agent1 Apple"), "holds something"),
    ],
)
def test_what_is_no_game_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ProblemError, match=complaint):
        parse_problem(text, TextVersion.V2_1_1, "")


def test_copies_snapshots_and_pickles_are_independent() -> None:
    game = Game(kitchen())
    play(game, ["go to countertop 1", "take apple 2 from countertop 1"])
    kept = game.snapshot()
    twins = [game.copy(), pickle.loads(pickle.dumps(game)), copy.deepcopy(game)]  # noqa: S301 - our own bytes
    play(game, ["go to microwave 1", "heat apple 2 with microwave 1", "open microwave 1"])
    for twin in twins:
        assert twin.admissible() != game.admissible()
        assert twin.step("examine apple 2")[0] == "There's nothing special about apple 2."
    game.restore(kept)
    assert game.admissible() == twins[0].admissible()
    play(game, ["put apple 2 in/on countertop 1"])
    game.restore(kept)
    assert game.step("inventory")[0] == "You are carrying: a apple 2."


GAME = Game(kitchen())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_text_is_a_safe_action(data: st.DataObject) -> None:
    game = GAME
    game.reset()
    for _ in range(15):
        listed = game.admissible()
        before = game.snapshot()
        action = data.draw(st.one_of(st.sampled_from(listed), st.text(max_size=40)))
        observation, _, _, accepted = game.step(action)
        assert accepted == (action.strip() in listed)
        if not accepted:
            assert observation == "Nothing happens."
            assert game.state == before
            assert game.admissible() == listed
