"""Goals: how they are made of a catalogue, in what order, and how they are split."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from webshop_files import product

from leap_kedro.environments.webshop.engine.goal import NO_LIMIT
from leap_kedro.environments.webshop.tasks.catalogue import Catalogue, Size, build_catalogue, read_catalogue
from leap_kedro.environments.webshop.tasks.goals import GoalKind, Goals
from leap_kedro.environments.webshop.tools import conformance


def catalogue_of(
    products: list[Any], attributes: Mapping[str, Any] | None = None, human: Mapping[str, Any] | None = None
) -> Catalogue:
    return build_catalogue(products, (attributes or {}).items(), (human or {}).items())


def written(
    instruction: str = "a mug.", attributes: tuple[str, ...] = ("bpa free",), options: Any = ()
) -> dict[str, Any]:
    return {"instruction": instruction, "instruction_attributes": attributes, "instruction_options": options}


def test_a_human_goal_is_what_was_written_with_a_price_limit() -> None:
    human = {"B000000001": [written(attributes=()), written("Find me a mug.", options=["red"])]}
    (goal,) = Goals(catalogue_of([product()], human=human), GoalKind.HUMAN, seed=0)
    assert goal.instruction == f"Find me a mug, and price lower than {goal.price_upper:.2f} dollars"
    assert goal.price_upper in (30.0, 40.0, 50.0)  # the larger of two of 20, 30, 40, 50
    assert (goal.asin, goal.attributes, goal.options, goal.option_values) == (
        "B000000001",
        ("bpa free",),
        ("red",),
        ("red",),
    )


def test_synthetic_goals_are_all_combinations_of_options_the_last_name_fastest() -> None:
    options = {
        "Size": [{"value": "s"}, {"value": "m"}],
        "Color": [{"value": "red"}, {"value": "blue"}, {"value": "tan"}],
    }
    told = {"attributes": ["x"], "instruction": "Find me x mugs", "instruction_attributes": ["x"]}
    goals = Goals(catalogue_of([product(customization_options=options)], {"B000000001": told}), GoalKind.SYNTHETIC, 0)
    assert len(goals) == 6
    assert len({goal.price_upper for goal in goals}) == 1  # drawn once a product
    order = list(range(6))
    Random(233).shuffle(order)  # the original's
    combinations = [("red", "s"), ("red", "m"), ("blue", "s"), ("blue", "m"), ("tan", "s"), ("tan", "m")]
    assert [goal.option_values for goal in goals] == [combinations[number] for number in order]
    goal = goals[order.index(3)]
    assert goal.instruction.startswith("Find me x mugs with color: blue, and size: m, and price lower than ")
    assert goal.options == (("color", "blue"), ("size", "m"))


def test_a_price_above_all_steps_has_no_limit() -> None:
    (goal,) = Goals(catalogue_of([product(pricing="$985")], human={"B000000001": [written()]}), GoalKind.HUMAN, 0)
    assert (goal.price_upper, goal.instruction) == (NO_LIMIT, "a mug")


def test_limits_follow_the_seed_and_the_order_does_not() -> None:
    products = [product(f"B00000{number:04}", pricing="$5") for number in range(40)]
    human = {each["asin"]: [written()] for each in products}
    first, again, other = (Goals(catalogue_of(products, human=human), GoalKind.HUMAN, seed) for seed in (0, 0, 1))
    assert list(first) == list(again)
    assert [goal.asin for goal in first] == [goal.asin for goal in other]
    assert [goal.asin for goal in first] != [each["asin"] for each in products]
    assert [goal.price_upper for goal in first] != [goal.price_upper for goal in other]


@pytest.mark.parametrize(
    ("count", "sizes"), [(4000, {"test": 500, "eval": 1000, "train": 2500}), (50, {"test": 10, "eval": 5, "train": 35})]
)
def test_splits_are_the_published_ones_and_fractions_where_goals_are_few(count: int, sizes: dict[str, int]) -> None:
    human = {"B000000001": [written() for _ in range(count)]}
    goals = Goals(catalogue_of([product()], human=human), GoalKind.AUTO if count > 500 else GoalKind.HUMAN, 0)
    places = {split: goals.split(split) for split in sizes}
    assert {split: len(found) for split, found in places.items()} == sizes
    assert sorted(place for found in places.values() for place in found) == list(range(count))


def test_goals_of_the_official_slice_stand_where_the_original_has_them(shared_webshop: Path) -> None:
    goals = Goals(read_catalogue(shared_webshop, Size.AUTO), GoalKind.AUTO, 0)
    _, recordings = conformance.read_episodes(shared_webshop / "traces.jsonl.xz")
    for recording in recordings:
        recorded, native = conformance.recorded_goal(recording["goal"]), goals[recording["goal_index"]]
        assert (native.asin, native.attributes, native.options) == (
            recorded.asin,
            recorded.attributes,
            recorded.options,
        )
        assert _without_limit(native.instruction) == _without_limit(recorded.instruction)


def _without_limit(instruction: str) -> str:
    return instruction.partition(", and price lower than")[0]
