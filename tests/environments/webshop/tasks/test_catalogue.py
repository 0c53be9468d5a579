"""The official files: what is read, what is left out, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from webshop_files import product, write_files

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import Source
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.tasks.catalogue import OnMalformed, Size, data_root, read_catalogue


def test_products_are_read_as_the_original_reads_them(tmp_path: Path) -> None:
    attributes = {
        "B000000001": {"attributes": ["bpa free"], "instruction": "Find me mugs", "instruction_attributes": []}
    }
    root = write_files(tmp_path, [product()], attributes)
    catalogue = read_catalogue(root, Size.AUTO)
    (made,) = catalogue.products
    assert (made.title, made.price_tag, made.price) == ("Velmo Ceramic Travel Mug", "$12.5", 12.5)
    assert made.options == {"color": ("navy | blue", "red")}
    assert (made.query, made.attributes) == ("mugs", ("bpa free",))
    assert catalogue.synthetic["B000000001"].instruction == "Find me mugs"


@pytest.mark.parametrize(
    ("pricing", "tag", "low", "high"),
    [
        ("", "$100.0", 100.0, 100.0),
        (None, "$100.0", 100.0, 100.0),
        ("$1,234.56", "$1234.56", 1234.56, 1234.56),
        ("$10.00 to $20.50", "$10.0 to $20.5", 10.0, 20.5),
    ],
)
def test_a_price_is_its_tag_and_of_a_range_a_value_that_the_seed_draws(
    tmp_path: Path, pricing: str | None, tag: str, low: float, high: float
) -> None:
    root = write_files(tmp_path, [product(pricing=pricing), product("B000000002", pricing=pricing)])
    first, second = read_catalogue(root, Size.FULL).products
    assert first.price_tag == tag
    assert low <= first.price <= high
    assert read_catalogue(root, Size.FULL).products[0].price == first.price
    if low < high:
        assert len({first.price, second.price, read_catalogue(root, Size.FULL, seed=1).products[0].price}) == 3


def test_one_bullet_may_be_no_list_and_options_may_be_an_empty_text(tmp_path: Path) -> None:
    root = write_files(tmp_path, [product(small_description="One.", customization_options="")])
    (made,) = read_catalogue(root, Size.AUTO).products
    assert (made.bullets, made.options, made.attributes) == (("One.",), {}, ("DUMMY_ATTR",))


def test_what_the_original_skips_is_skipped_and_counted(tmp_path: Path) -> None:
    root = write_files(tmp_path, [product(), product("nan"), product("B0000000012"), product(), product("B000000003")])
    catalogue = read_catalogue(root, Size.AUTO)
    assert [each.asin for each in catalogue.products] == ["B000000001", "B000000003"]
    assert catalogue.skipped == {"id": 2, "repeated": 1}
    assert len(read_catalogue(root, Size.AUTO, limit=1).products) == 1


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"name": None}, "name"),
        ({"small_description": 7}, "small_description"),
        ({"pricing": "twelve dollars"}, "pricing"),
        ({"pricing": "$a to $b"}, "pricing"),
        ({"customization_options": {"Color": [{"colour": "red"}]}}, "customization_options"),
        ({"query": ["mug"]}, "query"),
    ],
)
def test_a_malformed_product_is_named_with_file_and_field_or_left_out_and_counted(
    tmp_path: Path, broken: dict[str, Any], field: str
) -> None:
    root = write_files(tmp_path, [product("B000000009"), product(**broken)])
    with pytest.raises(TaskDataError) as caught:
        read_catalogue(root, Size.AUTO)
    for told in ("items_shuffle.json", "B000000001", f"`{field}", "on_malformed=skip"):
        assert told in str(caught.value)
    catalogue = read_catalogue(root, Size.AUTO, on_malformed=OnMalformed.SKIP)
    assert [each.asin for each in catalogue.products] == ["B000000009"]
    assert len(catalogue.malformed) == 1


NAN, INFINITY = float("nan"), float("inf")


def test_nan_is_no_value_where_a_product_may_have_none(tmp_path: Path) -> None:
    given = product(average_rating=NAN, images=[NAN], total_reviews=-INFINITY, pricing=NAN, customization_options=NAN)
    attributes = {"B000000001": {"attributes": NAN, "instruction": NAN, "instruction_attributes": NAN}}
    attributes["B000000003"] = {"attributes": ["x"], "weight": INFINITY}
    options = product("B000000003", customization_options={"Color": NAN, "Size": [{"value": "XL", "image": NAN}]})
    catalogue = read_catalogue(write_files(tmp_path, [given, options], attributes, {"B000000009": NAN}), Size.AUTO)
    first, second = catalogue.products
    assert (first.price_tag, first.options, first.attributes) == ("$100.0", {}, ("DUMMY_ATTR",))
    assert (second.options, second.attributes) == ({"size": ("xl",)}, ("x",))
    assert catalogue.synthetic == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", NAN),
        ("full_description", INFINITY),
        ("small_description", -INFINITY),
        ("small_description", [NAN]),
        ("product_category", NAN),
        ("category", NAN),
        ("query", NAN),
        ("pricing", INFINITY),
        ("customization_options", INFINITY),
        ("customization_options", {"Color": [{"value": NAN}]}),
    ],
)
def test_a_number_in_place_of_a_text_is_malformed(tmp_path: Path, field: str, value: object) -> None:
    root = write_files(tmp_path, [product("B000000009"), product(**{field: value})])
    with pytest.raises(TaskDataError, match=rf"items_shuffle.json, product 1 \(B000000001\), field `{field}"):
        read_catalogue(root, Size.AUTO)
    assert len(read_catalogue(root, Size.AUTO, on_malformed=OnMalformed.SKIP).products) == 1


def test_what_is_skipped_may_be_malformed(tmp_path: Path) -> None:
    """The original skips by id before it reads the rest: rows of failed downloads have the id "nan" and no texts."""
    broken = [{"asin": "nan"}, {"asin": NAN, "name": NAN}, product(), {"asin": "B000000001", "name": NAN}]
    catalogue = read_catalogue(write_files(tmp_path, broken), Size.AUTO)
    assert len(catalogue.products) == 1
    assert catalogue.skipped == {"id": 2, "repeated": 1}


@pytest.mark.parametrize(
    ("attributes", "human", "told"),
    [
        ({"B000000001": NAN}, {}, "items_ins_v2.json, product B000000001"),
        ({"B000000001": {"attributes": [NAN]}}, {}, "items_ins_v2.json, product B000000001, field `attributes"),
        ({}, {"B000000001": NAN}, "items_human_ins.json, product B000000001, instruction 0"),
        ({}, {"B000000001": [{"instruction": INFINITY}]}, "items_human_ins.json, product B000000001, instruction 0"),
    ],
)
def test_numbers_in_place_of_attributes_and_instructions_are_malformed(
    tmp_path: Path, attributes: dict[str, Any], human: dict[str, Any], told: str
) -> None:
    with pytest.raises(TaskDataError) as caught:
        read_catalogue(write_files(tmp_path, [product()], attributes, human), Size.AUTO)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("products", "told"),
    [([], "left out as by the original: none; malformed: 0"), ([product("nan"), product(name=NAN)], "malformed: 1")],
)
def test_a_catalogue_without_products_is_told(tmp_path: Path, products: list[Any], told: str) -> None:
    root = write_files(tmp_path, products)
    with pytest.raises(TaskDataError) as caught:
        read_catalogue(root, Size.AUTO, on_malformed=OnMalformed.SKIP)
    for part in ("items_shuffle.json has no product", told, "docs/webshop.md"):
        assert part in str(caught.value)


def test_a_catalogue_without_goals_is_told(tmp_path: Path) -> None:
    root = write_files(tmp_path, [product(average_rating=NAN)])
    benchmark = WebShop(WebShopOptions(source=Source.OFFICIAL, data_root=root, cache_folder=tmp_path / "cache"))
    with pytest.raises(TaskDataError) as caught:
        benchmark.tasks("test", 5, 0)
    for part in (str(root), "no goals for the split 'test'", "items_ins_v2.json", "source=generated"):
        assert part in str(caught.value)


def test_malformed_attributes_and_instructions_are_named_too(tmp_path: Path) -> None:
    root = write_files(tmp_path / "a", [product()], {"B000000001": {"attributes": "bpa free"}})
    with pytest.raises(TaskDataError, match=r"items_ins_v2.json, product B000000001, field `attributes`"):
        read_catalogue(root, Size.AUTO)
    root = write_files(tmp_path / "b", [product()], human={"B000000001": [{"instruction": "a mug"}]})
    with pytest.raises(TaskDataError, match=r"items_human_ins.json, product B000000001, instruction 0, field"):
        read_catalogue(root, Size.AUTO)


def test_products_without_a_product_are_no_products(tmp_path: Path) -> None:
    root = write_files(tmp_path, ["mug"])
    with pytest.raises(TaskDataError, match=r"product 0 \(no object\)"):
        read_catalogue(root, Size.AUTO)


def test_a_torn_file_says_after_how_many_entries(tmp_path: Path) -> None:
    root = write_files(tmp_path, [product(), product("B000000002")])
    path = root / "items_shuffle.json"
    path.write_text(path.read_text()[:-40])
    with pytest.raises(TaskDataError, match=r"items_shuffle.json is not a complete JSON file: after 1 entries"):
        read_catalogue(root, Size.AUTO)


def test_missing_files_are_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBSHOP_DATA", raising=False)
    with pytest.raises(TaskDataError, match="WEBSHOP_DATA is not set"):
        data_root(None)
    with pytest.raises(TaskDataError, match="does not exist"):
        data_root(str(tmp_path / "nowhere"))
    monkeypatch.setenv("WEBSHOP_DATA", str(tmp_path))
    assert data_root(None) == tmp_path
    with pytest.raises(TaskDataError, match=r"has no items_shuffle.json or items_shuffle_1000.json.*docs/webshop.md"):
        read_catalogue(tmp_path, Size.AUTO)
    (tmp_path / "items_shuffle.json").write_text("[]")
    with pytest.raises(TaskDataError, match=r"lacks items_ins_v2.json, items_human_ins.json"):
        read_catalogue(tmp_path, Size.AUTO)


def test_the_full_files_go_before_the_small_ones(tmp_path: Path) -> None:
    write_files(tmp_path, [product("B000000007")], ending="_1000")
    assert [each.asin for each in read_catalogue(tmp_path, Size.AUTO).products] == ["B000000007"]
    write_files(tmp_path, [product("B000000008")])
    assert [each.asin for each in read_catalogue(tmp_path, Size.AUTO).products] == ["B000000008"]
    assert [each.asin for each in read_catalogue(tmp_path, Size.SMALL).products] == ["B000000007"]
    assert json.loads((tmp_path / "items_human_ins.json").read_text()) == {}
