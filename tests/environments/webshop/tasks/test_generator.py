"""Generated shops: the official schemas, solvable, hard enough, and apart from each other."""

from pathlib import Path

import pytest

from leap_kedro.environments.webshop.engine.reward import options_met
from leap_kedro.environments.webshop.tasks.catalogue import Size, read_catalogue
from leap_kedro.environments.webshop.tasks.generator import generate_shop
from leap_kedro.environments.webshop.tasks.goals import GoalKind, Goals
from leap_kedro.environments.webshop.tasks.words import KINDS, SPOKEN, VALUES
from leap_kedro.environments.webshop.tools import export


def test_the_same_seed_gives_the_same_shop_and_no_two_shops_share_a_product() -> None:
    shops = [generate_shop(name, seed, 100) for name, seed in (("train", 0), ("test", 0), ("train", 1))]
    assert generate_shop("train", 0, 100) == shops[0]
    ids = [product["asin"] for shop in shops for product in shop.products]
    assert len(set(ids)) == len(ids) == 300


def test_half_of_what_is_wanted_stands_on_sub_pages_alone() -> None:
    shop = generate_shop("test", 0, 200)
    for product in shop.products:
        (wish,) = shop.human[product["asin"]]
        shown = product["name"].lower()
        looks, features = wish["instruction_attributes"][:2], wish["instruction_attributes"][2:]
        hidden = " ".join([product["full_description"], *product["small_description"]])
        assert all(look in shown for look in looks)
        assert all(feature not in shown and feature in hidden for feature in features)
        assert len(features) == 2


def test_some_values_are_asked_for_in_other_words() -> None:
    shop = generate_shop("test", 0, 200)
    said = [
        any(other in wish["instruction"] for value in wish["instruction_options"] for other in SPOKEN.get(value, ()))
        for wishes in shop.human.values()
        for wish in wishes
    ]
    assert 0.2 < sum(said) / len(said) < 0.8


def test_words_do_not_count_for_each_other() -> None:
    for values in VALUES.values():
        for wanted in values:
            assert [value for value in values if options_met([value], [wanted])[0]] == [wanted]
    for kind in KINDS:
        phrases = [kind.noun, *kind.looks, *kind.features]
        assert not [(one, other) for one in phrases for other in phrases if one != other and one in other]


def test_exported_files_are_read_by_the_official_loader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "shop"
    arguments = [str(folder), "--split", "eval", "--seed", "3", "--products", "40"]
    assert export.main(arguments) == 0
    assert capsys.readouterr().out.count(".json") == 3
    generated = generate_shop("eval", 3, 40).catalogue(0)
    read = read_catalogue(folder, Size.AUTO)
    assert read.products == generated.products
    assert list(Goals(read, GoalKind.HUMAN, 0)) == list(Goals(generated, GoalKind.HUMAN, 0))
    assert export.main(arguments) == 2
    assert "items_shuffle.json" in capsys.readouterr().err
