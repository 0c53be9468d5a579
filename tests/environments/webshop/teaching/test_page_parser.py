"""Pages and instructions, as a customer reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.tasks.generator import generate_shop
from leap_kedro.environments.webshop.teaching.page_parser import (
    Index,
    Item,
    Other,
    Results,
    Shown,
    Text,
    lowest_price,
    read,
)
from leap_kedro.environments.webshop.teaching.wishes import says, wish_of

PRODUCTS = generate_shop("test", 1, 12).catalogue(0).products


def test_what_is_written_is_read_again() -> None:
    assert read(pages.index_page("a mug").text) == Index("a mug")
    listed = read(pages.results_page("a mug", PRODUCTS[:10], 2, 44, {PRODUCTS[3].asin}).text)
    assert listed == Results(
        2,
        44,
        tuple(Item(each.asin, each.title, each.price_tag, number == 3) for number, each in enumerate(PRODUCTS[:10])),
    )
    product = PRODUCTS[0]
    (name, values), *_ = product.options.items()
    shown = read(pages.item_page("a mug", product, {name: values[0]}, ("mug",), 1).text)
    assert shown == Shown(product.title, product.price_tag, product.options, frozenset(values[:1]))
    assert read(pages.sub_page("a mug", product, pages.DESCRIPTION).text) == Text(f"{product.description}\n")
    assert read("Thank you for shopping with us!\n") == read("Nothing happens.") == Other()


@given(st.text() | st.text().map(lambda text: f"Instruction:\n{text}\n[button] Back to Search [button_]\n{text}"))
def test_no_text_is_beyond_reading(text: str) -> None:
    read(text)


@pytest.mark.parametrize(("tag", "price"), [("$12.5", 12.5), ("$10.0 to $20.0", 10.0), ("", float("inf"))])
def test_a_tag_has_a_lowest_price(tag: str, price: float) -> None:
    assert lowest_price(tag) == price


def test_a_wish_of_a_generated_shop_is_known_words_and_values_in_the_shops_words() -> None:
    text = "find me a mug, ceramic travel, and it should be bpa free and non slip, dark blue"
    wish = wish_of(f"{text}, and price lower than 40.00 dollars", known_words=True)
    assert wish.text == text
    assert wish.phrases == ("mug", "ceramic", "travel", "bpa free", "non slip")
    assert (wish.values, wish.limit) == (("navy",), 40.0)
    assert wish.wanted({"color": ("red", "navy"), "size": ("small",)}) == {"color": "navy"}
    assert wish_of(text, known_words=True).limit == float("inf")


def test_any_other_wish_is_the_words_that_carry_a_meaning_and_values_that_it_says() -> None:
    wish = wish_of("i am looking for a long clip-in hair extension, natural black, 22 inch", known_words=False)
    assert wish.phrases == ("long", "clip-in", "hair", "extension", "natural", "black", "inch")
    assert wish.wanted({"color": ("black", "natural black"), "size": ("20 inch", "22 inch")}) == {
        "color": "natural black",
        "size": "22 inch",
    }


def test_every_goal_of_a_generated_shop_is_taken_apart_as_it_was_made() -> None:
    shop = generate_shop("test", 2, 200)
    for wishes in shop.human.values():
        for made in wishes:
            wish = wish_of(made["instruction"], known_words=True)
            assert set(made["instruction_attributes"]) < set(wish.phrases)
            assert len(wish.phrases) == len(made["instruction_attributes"]) + 1  # and the noun
            assert sorted(wish.values) == sorted(made["instruction_options"])


def test_a_phrase_is_said_as_whole_words() -> None:
    assert says("A Non Slip mug", "non slip")
    assert not says("nonslip", "slip")
