"""The searchers' decisions at given histories, and how well they play."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.alfworld.tasks.generator import generate
from leap_kedro.environments.alfworld.teaching.experts import ORDERS, Searcher
from leap_kedro.environments.alfworld.teaching.memory import Memory
from leap_kedro.environments.alfworld.teaching.reasons import CLAUSES
from leap_kedro.environments.protocol import Decision, ExpertStuck

Turns = list[tuple[str, str]]


def opening(
    goal: str, places: str = "a cabinet 2, a cabinet 1, a desk 1, a fridge 1, a shelf 1, and a sinkbasin 1"
) -> str:
    return (
        "-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room. Looking quickly around you, you see "
        f"{places}.\n\nYour task is to: {goal}"
    )


def decision(goal: str, turns: Turns, order: str = "surfaces") -> Decision:
    searcher = Searcher(ORDERS[order])
    searcher.start(opening(goal))
    for action, observation in turns:
        searcher.observe(action, observation)
    return searcher.decide()


SHELF_EMPTY = ("go to shelf 1", "You arrive at loc 3. On the shelf 1, you see nothing.")
SHELF_MUG = ("go to shelf 1", "You arrive at loc 3. On the shelf 1, you see a mug 2, a mug 1, and a pen 1.")
DESK_EMPTY = ("go to desk 1", "You arrive at loc 4. On the desk 1, you see nothing.")
DESK_LAMP = ("go to desk 1", "You arrive at loc 4. On the desk 1, you see a desklamp 1.")
SINK_EMPTY = ("go to sinkbasin 1", "You arrive at loc 5. On the sinkbasin 1, you see nothing.")
TAKE_MUG = ("take mug 2 from shelf 1", "You pick up the mug 2 from the shelf 1.")
TAKE_PEN = ("take pen 1 from shelf 1", "You pick up the pen 1 from the shelf 1.")
CABINET_CLOSED = ("go to cabinet 2", "You arrive at loc 1. The cabinet 2 is closed.")
CABINET_MUG = ("open cabinet 2", "You open the cabinet 2. The cabinet 2 is open. In it, you see a mug 3.")
FRIDGE_EMPTY = ("open fridge 1", "You open the fridge 1. The fridge 1 is open. In it, you see nothing.")
BESIDE = ("go to cabinet 1", "Nothing happens.")


@pytest.mark.parametrize(
    ("goal", "turns", "reason", "action"),
    [
        ("put a mug in desk.", [], "I need a mug. Next is desk 1.", "go to desk 1"),
        ("put a mug in desk.", [DESK_EMPTY], "I need a mug. Next is shelf 1.", "go to shelf 1"),
        ("put a mug in desk.", [SHELF_MUG], "I need a mug. mug 2 is here.", "take mug 2 from shelf 1"),
        ("put a mug in desk.", [SHELF_MUG, DESK_EMPTY], "I need a mug. I saw mug 2 at shelf 1.", "go to shelf 1"),
        ("put a mug in desk.", [CABINET_CLOSED], "I need a mug. cabinet 2 is closed.", "open cabinet 2"),
        (
            "put a mug in desk.",
            [CABINET_CLOSED, CABINET_MUG, ("close cabinet 2", "You close the cabinet 2.")],
            "I need a mug. cabinet 2 is closed.",
            "open cabinet 2",
        ),
        ("put a mug in desk.", [CABINET_CLOSED, BESIDE], "I need a mug. cabinet 2 is closed.", "open cabinet 2"),
        (
            "put a mug in shelf.",
            [
                CABINET_CLOSED,
                ("open cabinet 2", "You open the cabinet 2. The cabinet 2 is open. In it, you see nothing."),
                BESIDE,
            ],
            "I need a mug. cabinet 1 is beside me.",
            "examine cabinet 1",
        ),
        (
            "put a mug in shelf.",
            [
                CABINET_CLOSED,
                ("open cabinet 2", "You open the cabinet 2. The cabinet 2 is open. In it, you see nothing."),
                BESIDE,
                ("examine cabinet 1", "On the cabinet 1, you see nothing."),
                BESIDE,
            ],
            "I need a mug. Next is desk 1.",
            "go to desk 1",
        ),
        ("put a mug in desk.", [SHELF_MUG, TAKE_MUG], "I have mug 2. It goes to desk 1.", "go to desk 1"),
        (
            "put a mug in desk.",
            [SHELF_MUG, TAKE_MUG, DESK_EMPTY],
            "I have mug 2. desk 1 is here.",
            "put mug 2 in/on desk 1",
        ),
        (
            "put a mug in desk.",
            [SHELF_MUG, TAKE_MUG, ("go to desk 1", "You arrive at desk 1. On the desk 1, you see nothing.")],
            "I have mug 2. desk 1 is here.",
            "move mug 2 to desk 1",
        ),
        (
            "put a clean mug in desk.",
            [SHELF_MUG, TAKE_MUG],
            "I have mug 2. To clean it I need sinkbasin 1.",
            "go to sinkbasin 1",
        ),
        (
            "clean some mug and put it in desk.",
            [SHELF_MUG, TAKE_MUG, SINK_EMPTY],
            "I have mug 2. I clean it here.",
            "clean mug 2 with sinkbasin 1",
        ),
        (
            "put a clean mug in desk.",
            [
                SHELF_MUG,
                TAKE_MUG,
                SINK_EMPTY,
                ("clean mug 2 with sinkbasin 1", "You clean the mug 2 using the sinkbasin 1."),
            ],
            "I have mug 2. It goes to desk 1.",
            "go to desk 1",
        ),
        (
            "put a cool mug in fridge.",
            [SHELF_MUG, TAKE_MUG, ("go to fridge 1", "You arrive at loc 9. The fridge 1 is closed.")],
            "I have mug 2. I cool it here.",
            "cool mug 2 with fridge 1",
        ),
        (
            "put a mug in fridge.",
            [SHELF_MUG, TAKE_MUG, ("go to fridge 1", "You arrive at loc 9. The fridge 1 is closed.")],
            "I have mug 2. fridge 1 is closed.",
            "open fridge 1",
        ),
        (
            "put two mug in desk.",
            [SHELF_MUG, TAKE_MUG, DESK_EMPTY, ("put mug 2 in/on desk 1", "You put the mug 2 in/on the desk 1.")],
            "I need another mug. I saw mug 1 at shelf 1.",
            "go to shelf 1",
        ),
        (
            "look at mug under the desklamp.",
            [SHELF_MUG, TAKE_MUG],
            "I need a desklamp. Next is desk 1.",
            "go to desk 1",
        ),
        (
            "look at mug under the desklamp.",
            [DESK_LAMP, SHELF_MUG, TAKE_MUG],
            "I need a desklamp. I saw desklamp 1 at desk 1.",
            "go to desk 1",
        ),
        (
            "examine the mug with the desklamp.",
            [SHELF_MUG, TAKE_MUG, DESK_LAMP],
            "I need a desklamp. desklamp 1 is here.",
            "use desklamp 1",
        ),
        (
            "put a mug in desk.",
            [SHELF_MUG, TAKE_PEN],
            "I do not need pen 1. shelf 1 is here.",
            "put pen 1 in/on shelf 1",
        ),
        (
            "put a mug in desk.",
            [SHELF_MUG, TAKE_PEN, SINK_EMPTY],
            "I do not need pen 1. It goes to shelf 1.",
            "go to shelf 1",
        ),
        (
            "put a mug in desk.",
            [SHELF_MUG, ("take mug 2 from shelf 1", "Nothing happens.")],
            "I need a mug. mug 1 is here.",
            "take mug 1 from shelf 1",
        ),
    ],
)
def test_decisions(goal: str, turns: Turns, reason: str, action: str) -> None:
    assert decision(goal, turns) == Decision(reason, action)


@pytest.mark.parametrize(
    ("order", "action"),
    [("plain", "go to cabinet 2"), ("surfaces", "go to desk 1"), ("priors", "go to sinkbasin 1")],
)
def test_each_searches_in_its_order(order: str, action: str) -> None:
    assert decision("put a clean dishsponge in cabinet.", [], order).action == action


def test_rows_of_containers_come_last() -> None:
    turns = [DESK_EMPTY, SHELF_EMPTY, SINK_EMPTY]
    assert decision("put a mug in desk.", turns).action == "go to fridge 1"
    turns += [("go to fridge 1", "You arrive at loc 9. The fridge 1 is closed."), FRIDGE_EMPTY]
    assert decision("put a mug in desk.", turns).action == "go to cabinet 2"


def test_a_place_left_closed_is_searched_after_those_not_visited() -> None:
    turns = [CABINET_CLOSED, DESK_EMPTY, SHELF_EMPTY, SINK_EMPTY]
    turns += [("go to fridge 1", "You arrive at loc 9. The fridge 1 is closed."), FRIDGE_EMPTY]
    assert decision("put a mug in desk.", turns).action == "go to cabinet 1"


def test_options_are_all_unseen_places_by_kind() -> None:
    searcher = Searcher(ORDERS["surfaces"])
    searcher.start(opening("put a mug in desk."))
    searcher.observe(*DESK_EMPTY)
    options = searcher.options()
    assert [option.group for option in options] == ["shelf", "sinkbasin", "fridge", "cabinet", "cabinet"]
    assert options[0].decision == searcher.decide()
    assert sum(option.weight for option in options) == pytest.approx(1)


def test_stuck_when_everything_was_searched() -> None:
    searcher = Searcher(ORDERS["plain"])
    searcher.start(opening("put a mug in desk.", "a desk 1"))
    searcher.observe(*DESK_EMPTY)
    with pytest.raises(ExpertStuck, match="mug"):
        searcher.decide()


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_text_is_followed(turns: Turns) -> None:
    memory = Memory(opening("put a mug in desk."))
    for action, observation in turns:
        memory.observe(action, observation)
    assert memory.places[0] == "cabinet 2"


_CLAUSES = [re.compile(re.sub(r"\\{\w+\\}", r"[a-z]+(?: \\d+)?", re.escape(template))) for template in CLAUSES]


@pytest.mark.parametrize("version", TextVersion)
@pytest.mark.parametrize("order", ORDERS)
def test_off_its_path_it_names_an_action_that_helps(order: str, version: TextVersion) -> None:
    solved = 0
    for number in range(40):
        game = Game(generate("train", number, 3, version).problem)
        rng = Random(number)
        searcher = Searcher(ORDERS[order])
        searcher.start(game.reset())
        refused: set[str] = set()
        for _ in range(60):
            try:
                made = searcher.decide()
            except ExpertStuck:
                break
            assert made.action not in refused or made.action.startswith("go to ")
            assert all(
                any(clause.fullmatch(part) for clause in _CLAUSES)
                for part in re.findall(r"[^.]+\.", made.reason.replace(". ", "."))
            )
            action = rng.choice(game.admissible()) if rng.random() < 0.15 else made.action
            observation, _, done, accepted = game.step(action)
            refused = refused | {action} if not accepted else set()
            assert len(refused) < 4
            searcher.observe(action, observation)
            if done:
                solved += 1
                break
    assert solved >= {"plain": 30, "surfaces": 38, "priors": 38}[order]
