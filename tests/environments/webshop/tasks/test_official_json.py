"""Official JSON files, entry by entry."""

import json
from math import isnan
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.webshop.tasks import official_json
from leap_kedro.environments.webshop.tasks.official_json import read_items, read_pairs

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(_VALUES, max_size=5), indent=st.sampled_from([None, 1]), plain=st.booleans())
def test_entries_are_those_that_json_reads_wherever_a_chunk_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, items: list[object], indent: int | None, plain: bool
) -> None:
    monkeypatch.setattr(official_json, "_CHUNK", chunk)
    path = tmp_path / "file.json"
    path.write_text(json.dumps(items, indent=indent, ensure_ascii=plain), encoding="utf-8", errors="surrogatepass")
    assert list(read_items(path)) == items
    named = {f"n {number}": item for number, item in enumerate(items)}
    path.write_text(json.dumps(named, indent=indent, ensure_ascii=plain), encoding="utf-8", errors="surrogatepass")
    assert dict(read_pairs(path)) == named


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_nan_and_infinity_are_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(official_json, "_CHUNK", chunk)
    path = tmp_path / "file.json"
    path.write_text('[NaN, {"a": [-Infinity, "NaN"]}, Infinity]')
    first, *others = read_items(path)
    assert isnan(first)
    assert others == [{"a": [float("-inf"), "NaN"]}, float("inf")]
    path.write_text('{"a": NaN, "b": -Infinity}')
    assert [name for name, _ in read_pairs(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("<html>", "it begins with '<'"),
        ('{"a": 1}', "has to be a list, and it is an object"),
        ("[1, 2", "after 2 entries"),
        ('[1, {"a": "b', "after 1 entries"),
        ("[1 2]", "after 1 entries: ',' is missing"),
        ("[1,]", "after 1 entries"),
        ("[1, nan]", "after 1 entries"),
        ("[1] x", "after 1 entries: more text follows"),
        ("[" * 100_000, "after 0 entries"),
        (f"[1, {'9' * 5000}]", "after 1 entries"),
    ],
)
def test_what_is_no_list_is_named_with_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "items_shuffle.json"
    path.write_text(text)
    with pytest.raises(TaskDataError) as caught:
        list(read_items(path))
    for part in (str(path), told, "docs/webshop.md"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "has to be an object, and it is a list"),
        ('{"a": 1', "after 1 entries"),
        ('{"a": 1, b: 2}', "after 1 entries"),
        ('{"a" 1}', "after 0 entries: ':' is missing"),
    ],
)
def test_what_is_no_object_is_named_too(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "items_ins_v2.json"
    path.write_text(text)
    with pytest.raises(TaskDataError, match=told):
        list(read_pairs(path))


def test_a_file_of_bytes_that_are_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "items_shuffle.json"
    path.write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(TaskDataError, match=r"items_shuffle.json is not a complete JSON file"):
        list(read_items(path))
