"""Pages and the state machine, at their edges; the recorded episodes hold the rest."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webshop_files import product

from leap_kedro.environments.webshop.engine.goal import Goal
from leap_kedro.environments.webshop.engine.nouns import words
from leap_kedro.environments.webshop.engine.reward import RewardRule
from leap_kedro.environments.webshop.engine.search_index import Engine, product_search
from leap_kedro.environments.webshop.engine.shop import Page, Session, Shop
from leap_kedro.environments.webshop.tasks.catalogue import build_catalogue
from leap_kedro.environments.webshop.tasks.goals import GoalKind, Goals

OPTIONS = {
    "Color": [{"value": "red"}, {"value": 'a "b"'}, {"value": "grün"}, {"value": "description"}, {"value": ""}],
    "Fit": [{"value": "red"}, {"value": "color"}],
}
PRODUCTS = [
    product("B000000001", customization_options=OPTIONS),
    product("B000000002", full_description="", small_description=["", " ", "A\nB", "\n"], name=" "),
    *(product(f"B0000001{number:02}", name=f"Steel Pan {number}", query="pans") for number in range(23)),
]
HUMAN = {
    "B000000001": [
        {"instruction": "a <b>mug</b>", "instruction_attributes": ["bpa free"], "instruction_options": ["red"]}
    ]
}
CATALOGUE = build_catalogue(PRODUCTS, [], HUMAN.items())
SHOP = Shop(
    {each.asin: each for each in CATALOGUE.products},
    product_search(CATALOGUE.products, Engine.LUCENE, None),
    RewardRule(words),
)
GOAL: Goal = Goals(CATALOGUE, GoalKind.HUMAN, 0)[0]


def after(*actions: str, session: Session | None = None) -> Session:
    session = session or Session()
    for action in actions:
        found = SHOP.act(session, GOAL, action, SHOP.view(session, GOAL).clickables)
        assert found is not None, action
        session = found
    return session


def shown(*actions: str) -> str:
    return SHOP.view(after(*actions), GOAL).text


MUG = ("search[ceramic mug]", "click[b000000001]")


def test_a_session_begins_on_the_index_whose_button_does_nothing() -> None:
    view = SHOP.view(Session(), GOAL)
    assert view.text == f"WebShop\nInstruction: \n{GOAL.instruction}\n[button] Search [button_]\n"
    assert (view.clickables, view.has_search_bar) == (("search",), True)
    assert SHOP.act(Session(), GOAL, "click[search]", view.clickables) is None


def test_results_come_ten_a_page_and_pages_past_the_end_are_empty() -> None:
    first, third, fourth = (after("search[pan]", *["click[next >]"] * turns) for turns in (0, 2, 3))
    assert (len(first.shown), len(third.shown), fourth.shown) == (10, 3, ())
    assert "< prev" not in SHOP.view(first, GOAL).clickables
    assert SHOP.view(fourth, GOAL).clickables == ("back to search", "< prev", "next >")
    assert "Page 4 (Total results: 23)\n[button] < Prev [button_]\n[button] Next > [button_]\n" in shown(
        "search[pan]", *["click[next >]"] * 3
    )
    assert after("search[pan]", "click[next >]", "click[< prev]") == first


def test_a_search_without_a_hit_has_an_empty_page() -> None:
    assert "Page 1 (Total results: 0)" in shown("search[zzz]")


def test_what_was_looked_at_is_marked_until_one_goes_back_to_search() -> None:
    looked = (*MUG, "click[< prev]")
    assert "\n\n[clicked button] B000000001 [clicked button_]\n" in shown(*looked)
    assert "[clicked button] B000000001" in shown(*looked, "search[mug]")
    assert "[clicked button] B000000001" not in shown(*looked, "click[back to search]", "search[mug]")


def test_of_two_options_with_one_value_a_click_chooses_the_last_and_both_look_chosen() -> None:
    session = after(*MUG, "click[red]")
    assert session.chosen == {"fit": "red"}
    text = SHOP.view(session, GOAL).text
    assert text.startswith("You have clicked red.\nYou have clicked red.\nInstruction:\n")
    assert text.count("  [clicked button] red [clicked button_]\n") == 2


@pytest.mark.parametrize(("value", "looks_chosen"), [("grün", False), ('a "b"', False), ("red", True)])
def test_a_value_looks_chosen_only_where_the_address_writes_it_as_it_is(value: str, looks_chosen: bool) -> None:
    assert (f"You have clicked {value}." in shown(*MUG, f"click[{value}]")) is looks_chosen


def test_a_value_named_like_an_option_looks_chosen_once_that_is_and_so_does_one_in_quotes_in_the_search() -> None:
    assert "  [button] color [button_]\n" in shown(*MUG)
    assert "You have clicked color." in shown(*MUG, "click[grün]")
    assert "You have clicked red." in shown('search[ceramic mug "red"]', "click[b000000001]")


def test_a_value_named_like_a_button_is_the_button() -> None:
    assert after(*MUG, "click[description]").page is Page.SUB
    labels = SHOP.view(after(*MUG), GOAL).clickables
    assert labels == (
        "back to search",
        "< prev",
        "description",
        "features",
        "reviews",
        "buy now",
        "red",
        'a "b"',
        "grün",
        "",
        "color",
    )


def test_options_are_forgotten_on_the_way_back_to_results_and_kept_on_sub_pages() -> None:
    chosen = (*MUG, "click[grün]")
    assert after(*chosen, "click[features]", "click[< prev]").chosen == {"color": "grün"}
    assert after(*chosen, "click[< prev]", "click[b000000001]").chosen == {}


def test_blank_texts_are_what_the_originals_parser_makes_of_them() -> None:
    page = ("search[navy]", "click[b000000002]")
    header = f"Instruction:\n{GOAL.instruction}\n[button] Back to Search [button_]\n[button] < Prev [button_]\n"
    assert shown(*page, "click[description]") == header
    assert shown(*page, "click[reviews]") == header
    assert shown(*page, "click[features]") == f"{header} \n \n A\nB\n"
    assert "[button_]\n \n$12.5\n" in shown("search[navy]")


def test_buying_ends_the_session_and_the_last_page_states_the_reward() -> None:
    session = after(*MUG, 'click[a "b"]', "click[buy now]")
    view = SHOP.view(session, GOAL)
    assert session.reward is not None
    assert view.clickables == ()
    assert '\noptions\n{"color": "a \\"b\\""}\nattrs\n' in view.text
    assert f"Your score (min 0.0, max 1.0)\n{session.reward.total}\nReward Details \nNone\n" in view.text
    assert SHOP.act(session, GOAL, "search[mug]", ()) is None


@pytest.mark.parametrize(
    ("words", "hits"), [("<q> pans", 23), ("<q> pan", 0), ("<c> kitchen", 25), ("<c>", 0), ("<C> kitchen", 25)]
)
def test_two_searches_list_a_kind(words: str, hits: int) -> None:
    assert len(after(f"search[{words}]").hits) == hits


@pytest.mark.parametrize(
    "action", ["search[<r>]", "search[<a> mug]", "search[]", "Search[mug]", "buy", "click[b000000001]", "search", ""]
)
def test_what_cannot_be_done_is_none(action: str) -> None:
    assert SHOP.act(Session(), GOAL, action, ("search",)) is None


def test_case_and_what_follows_the_bracket_do_not_matter() -> None:
    assert after("search[Ceramic MUG] please", "click[B000000001]").asin == "B000000001"
    assert SHOP.act(Session(), GOAL, "search[a[b]c]", ()) is None


@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["search[mug]", "click[b000000001]", "click[red]", "click[buy now]"])
    )
)
def test_no_text_is_beyond_it(actions: list[str]) -> None:
    session = Session()
    for action in actions:
        view = SHOP.view(session, GOAL)
        found = SHOP.act(session, GOAL, action, view.clickables)
        session = session if found is None else found
    assert isinstance(session.chosen, Mapping)
