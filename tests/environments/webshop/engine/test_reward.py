"""The reward at its edges; the recorded purchases hold the rest."""

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from webshop_files import product

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.webshop.engine.colours import plain_colour
from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.nouns import MODEL, NounTagger, noun_finder, resolved, words
from leap_kedro.environments.webshop.engine.reward import RewardRule, attributes_met, options_met
from leap_kedro.environments.webshop.tasks.catalogue import build_catalogue
from leap_kedro.environments.webshop.tools import conformance

(MUG,) = build_catalogue([product()], [("B000000001", {"attributes": ["dishwasher safe"]})], []).products
GOAL = Goal("B000000001", "", ("bpa free",), ("navy | blue",), 20.0, MUG.title, "mugs", "kitchen", MUG.product_category)
RULE = RewardRule(words)


def test_a_purchase_that_has_it_all_is_worth_one() -> None:
    reward = RULE(MUG, GOAL, 12.5, {"color": "navy | blue"})
    assert (reward.total, reward.type, reward.attributes, reward.options, reward.price) == (1.0, 1.0, 1.0, 1.0, True)


@pytest.mark.parametrize(
    ("price", "chosen", "total"),
    [(12.5, {}, 2 / 3), (20.0, {}, 2 / 3), (20.01, {}, 1 / 3), (30.0, {"color": "red"}, 1 / 3)],
)
def test_what_is_missing_costs_its_share(price: float, chosen: dict[str, str], total: float) -> None:
    assert RULE(MUG, GOAL, price, chosen).total == pytest.approx(total)


def test_a_goal_without_options_has_no_such_part() -> None:
    assert RULE(MUG, replace(GOAL, options=()), 12.5, {}).options is None
    assert RULE(MUG, replace(GOAL, options=()), 12.5, {}).total == 1.0


@pytest.mark.parametrize(
    ("attribute", "met"),
    [
        ("dishwasher safe", True),
        ("safe dishwasher", True),
        ("safe", True),
        ("travel", True),
        ("every day", True),
        ("oven", False),
    ],
)
def test_an_attribute_is_met_by_a_likeness_or_by_the_texts(attribute: str, met: bool) -> None:
    assert attributes_met(MUG, replace(GOAL, attributes=(attribute,))) == (met,)


@pytest.mark.parametrize(
    ("chosen", "wanted", "met"),
    [
        ("dark navy", "navy", False),  # "dark" is in the list, too, and before it
        ("navy blue", "blue", True),  # both count as blue, the first in the list
        ("x-large", "large", True),
        ("small", "large", False),
        ("xx-large big", ("size", "xx-large big"), True),
        ("red", ("color", "red"), True),
        ("dark red", ("color", "red"), False),  # a pair is a colour only where that is its whole value
        ("medium", ("size", "medium | large"), True),
        ("5\xa0oz", "5oz", True),
        ("caf\u00e9 mocha", "caf mocha", True),
        ("men's m", ("fit", "men's m"), True),
    ],
)
def test_options_are_compared_loosely(chosen: str, wanted: str | tuple[str, str], met: bool) -> None:
    assert options_met([chosen], [wanted]) == (met,)


def test_the_first_colour_of_the_list_decides() -> None:
    assert [plain_colour(text) for text in ("dark blue", "rosewood", "no hue")] == ["blue", "rose", "no hue"]


@pytest.mark.parametrize(
    ("title", "query", "path", "factor"),
    [
        ("Steel Shelf", "shelves", "Home", 0.0),
        ("Mug", "shelves", "Home", 1.0),
        ("Mug", "mugs", "Home", 1.0),
        ("Ceramic thing of many other kinds", "shelves", "Home", 1.0),
    ],
)
def test_the_kind_is_told_by_query_category_and_nouns(title: str, query: str, path: str, factor: float) -> None:
    other = replace(MUG, title=title, query=query, product_category=path)
    assert RULE.type_factor(other, GOAL)[0] == factor


def test_kinds_that_share_little_are_worth_half_or_a_tenth() -> None:
    wanted = replace(GOAL, name="one two three four five six seven eight nine ten eleven twelve")
    other = replace(MUG, query="else", product_category="Else")
    assert RULE.type_factor(replace(other, title="one"), wanted) == (0.1, pytest.approx(1 / 12))
    assert RULE.type_factor(replace(other, title="one two"), wanted) == (0.5, pytest.approx(1 / 6))
    assert RULE.type_factor(replace(other, title="one", query="mugs"), wanted)[0] == 0.1
    assert RULE.type_factor(other, replace(GOAL, name="the 7")) == (0.5, 0.2)  # a title without a noun


def test_nouns_by_words_are_all_but_stop_words() -> None:
    assert words("The Mug, of 7 mugs: BPA-free") == ("mug", "mugs", "bpa", "free")
    assert resolved(NounTagger.WORDS) is NounTagger.WORDS


@pytest.mark.skipif(find_spec(MODEL) is not None, reason="spaCy's model is installed")
def test_spacy_that_is_not_there_is_named_with_what_to_do() -> None:
    assert resolved(NounTagger.AUTO) is NounTagger.WORDS
    with pytest.raises(TaskDataError, match=r"pip install spacy .* nouns=words"):
        resolved(NounTagger.SPACY)


@pytest.mark.skipif(find_spec(MODEL) is None, reason=f"{MODEL} is not installed")
def test_with_spacy_all_recorded_rewards_are_equal(shared_webshop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_module(MODEL)
    assert noun_finder(NounTagger.SPACY)("Ceramic Mug")
    traces = str(shared_webshop / "traces.jsonl.xz")
    assert conformance.main([traces, "--catalogue", str(shared_webshop), "--nouns", "spacy"]) == 0
    assert capsys.readouterr().out == "episodes 80 steps 726 differences 0 rewards-different 0\n"
