"""Terms and ranks as Lucene has them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.webshop.engine import bm25, search_index
from leap_kedro.environments.webshop.engine.analysis import terms
from leap_kedro.environments.webshop.engine.bm25 import BM25, MAX_HITS, build_postings
from leap_kedro.environments.webshop.engine.search_index import Engine, MissingEngine, document_text, product_search
from leap_kedro.environments.webshop.tasks.catalogue import Size, read_catalogue
from leap_kedro.environments.webshop.tasks.generator import generate_shop


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Women's t-shirts, and men\u2019s POLOS", ["women", "t", "shirt", "men", "polo"]),
        ("color: b5-black size:s 3x-large", ["color", "b5", "black", "size:", "3x", "larg"]),
        ("39.37'' 1,234.5 v1.0 5'6 8-16", ["39.37", "1,234.5", "v1.0", "5'6", "8", "16"]),
        ("snake_case _ __init__", ["snake_cas", "__init__"]),
        (
            "\u2764\u2764\ufe0f\u2605note \U0001f455\U0001f456",
            ["\u2764", "\u2764\ufe0f", "\u2605", "note", "\U0001f455", "\U0001f456"],
        ),
        (
            "\U0001f468\u200d\U0001f469 \U0001f1e9\U0001f1ea 1\ufe0f\u20e3 velmo\u00ae. \u2122 \u00ae\ufe0f",
            [
                "\U0001f468\u200d\U0001f469",
                "\U0001f1e9\U0001f1ea",
                "1\ufe0f\u20e3",
                "velmo",
                "\u00ae",
                "\u2122",
                "\u00ae\ufe0f",
            ],
        ),
        ("a\U0001f44d\U0001f3fd \u2764\U0001f3fd", ["\U0001f44d\U0001f3fd", "\u2764", "\U0001f3fd"]),
        ("x\u00b8y \u0e01\u0e31\u0e19", ["x", "y", "\u0e01\u0e31\u0e19"]),
        ("x" * 300 + " \U0001d41a" + "\U0001d41a" * 127, ["x" * 255, "x" * 45, "\U0001d41a" * 127, "\U0001d41a"]),
        ("\u9505\u5df4 2\u00b2 \u00bd inch caf\u00e9", ["\u9505", "\u5df4", "2", "inch", "caf\u00e9"]),
        ("it is not in the", []),
        ("", []),
    ],
)
def test_a_text_becomes_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text())
def test_any_text_has_terms(text: str) -> None:
    assert all(isinstance(term, str) for term in terms(text))


@given(st.integers(0, 2_000_000))
def test_a_length_loses_at_most_an_eighth_as_a_byte_and_keeps_its_order(length: int) -> None:
    byte = bm25._as_byte(length)
    kept = bm25._from_byte(byte)
    assert 0 <= byte < 256
    assert length - length / 8 - 1 < kept <= length
    assert bm25._as_byte(length + 1) >= byte
    assert length >= 40 or kept == length


def test_scores_are_those_of_the_formula() -> None:
    search = BM25(["b", "a", "c"], build_postings(["red mug mug", "red pan", "blue shelf for a mug"]))
    assert search("mug") == ("b", "c")
    assert search("red") == ("a", "b")
    assert search("nothing like it") == ()
    found, gains = search._gains(search._postings.terms["mug"], 1)
    average, counts, lengths = 8 / 3, np.array([2, 1]), np.array([3, 3])
    norm = 0.9 * (0.6 + 0.4 * lengths / average)
    assert found.tolist() == [0, 2]
    assert gains == pytest.approx(np.log(1 + 1.5 / 2.5) * counts / (counts + norm), rel=1e-6)


def test_a_small_catalogue_is_ranked_as_by_lucene() -> None:
    """The orders were recorded from Anserini 0.14.3, which pyserini 0.17.0 brings (the version the original pins)."""
    recorded = json.loads(Path(__file__).with_name("lucene_orders.json").read_text())
    documents: dict[str, str] = recorded["documents"]
    search = BM25(list(documents), build_postings(documents.values()))
    for words, order in recorded["orders"].items():
        assert " ".join(search(words)) == order, words


def test_scores_that_round_to_the_same_float_tie_also_at_the_last_hit() -> None:
    """Of 51 documents the sums of scores differ in double precision; the rounded ones of the last two do not."""
    postings = build_postings(["mug"] * MAX_HITS + ["mug"])
    search = BM25([f"{number:03}" for number in range(MAX_HITS + 1)][::-1], postings)
    gains = search._gains
    lower_for_the_first_id = np.array([1.0] * MAX_HITS + [1.0 - 1e-9])
    search._gains = lambda row, times: (gains(row, times)[0], lower_for_the_first_id)  # type: ignore[method-assign]
    assert search("mug")[0] == "000"


def test_an_official_near_tie_is_ranked_as_recorded(shared_webshop: Path) -> None:
    """Two scores differ in the sixth digit; which is higher follows from the average length of a document."""
    products = read_catalogue(shared_webshop, Size.SMALL).products
    found = product_search(products, Engine.LUCENE, None)("find a chair for home office with memory foam seat")
    assert [asin.lower() for asin in found[8:10]] == ["b0743jkhbv", "b09688c4xm"]


def test_ties_go_by_id_and_hits_end_at_fifty() -> None:
    ids = [f"{number:03}" for number in range(80)][::-1]
    search = BM25(ids, build_postings(["mug"] * 79 + ["mug mug"]))
    assert search("mug") == ("000", *(f"{number:03}" for number in range(1, MAX_HITS)))


def test_the_index_is_kept_by_content_and_a_torn_one_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = generate_shop("test", 0, 60).catalogue(0).products
    fresh = product_search(products, Engine.LUCENE, tmp_path)
    (kept,) = tmp_path.iterdir()
    monkeypatch.setattr(search_index, "build_postings", lambda texts: pytest.fail("it was built again"))
    queries = [document_text(product)[:40] for product in products[:10]]
    assert [product_search(products, Engine.LUCENE, tmp_path)(query) for query in queries] == [
        fresh(query) for query in queries
    ]
    monkeypatch.undo()
    (kept / "counts.npy").write_bytes(b"torn")
    assert product_search(products, Engine.LUCENE, tmp_path)(queries[0]) == fresh(queries[0])
    assert json.loads((kept / "about.json").read_text())["average_length"] > 0
    other = product_search(products[:30], Engine.LUCENE, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert set(other("the")) <= {product.asin for product in products[:30]}


def test_an_index_that_cannot_be_kept_is_used_all_the_same(tmp_path: Path) -> None:
    products = generate_shop("test", 0, 20).catalogue(0).products
    (tmp_path / "file").write_text("")
    assert product_search(products, Engine.LUCENE, tmp_path / "file" / "cache")(products[0].title)


def test_the_other_engine_is_a_package() -> None:
    products = generate_shop("test", 0, 60).catalogue(0).products
    try:
        import bm25s  # noqa: F401
    except ImportError:
        with pytest.raises(MissingEngine, match="pip install bm25s"):
            product_search(products, Engine.BM25S, None)
        return
    found = product_search(products, Engine.BM25S, None)(products[0].title)
    assert products[0].asin in found
