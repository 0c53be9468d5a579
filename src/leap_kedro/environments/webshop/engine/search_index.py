"""The shop's search index, built from the products' texts and cached on disk under their hash."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from leap_kedro.environments.webshop.engine.bm25 import BM25, MAX_HITS, Postings, build_postings
from leap_kedro.environments.webshop.engine.products import Product
from leap_kedro.records import UserError

_VERSION = "2"  # of the analysis and of the files
_ARRAYS = ("starts", "documents", "counts", "lengths")
_ABOUT = "about.json"


class Engine(StrEnum):
    """Search engines."""

    LUCENE = "lucene"
    """The same hits as in the original."""
    BM25S = "bm25s"
    """The package `bm25s`: faster on very large catalogues; 42 % of its first ten hits are in the original's order."""


Search = Callable[[str], Sequence[str]]
"""Words -> ids of the products found, best first."""


class MissingEngine(UserError):
    """The package of the requested engine is not installed."""


def document_text(product: Product) -> str:
    """The searched text of a product: title, description, first bullet, options."""
    options = ", and ".join(f"{name}: {', '.join(values)}" for name, values in product.options.items())
    return " ".join(
        [product.title, product.description, product.bullets[0] if product.bullets else "", options]
    ).lower()


def product_search(products: Sequence[Product], engine: Engine, cache: Path | None) -> Search:
    """The search over `products`.

    Args:
        products: The products.
        engine: The search engine.
        cache: Folder of cached indexes; None to build the index without a cache.

    Raises:
        MissingEngine: If the engine is a package that is not installed.
    """
    ids = [product.asin for product in products]
    if engine is Engine.BM25S:
        return _bm25s(ids, [document_text(product) for product in products])
    return BM25(ids, _kept_postings(products, cache) if cache else build_postings(map(document_text, products)))


def content_hash(texts: Iterable[str]) -> str:
    """Hash of documents, in their order."""
    digest = sha256(_VERSION.encode())
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _kept_postings(products: Sequence[Product], cache: Path) -> Postings:
    folder = cache / f"index-{content_hash(map(document_text, products))}"
    with suppress(OSError, ValueError, KeyError):
        return _load(folder)
    postings = build_postings(map(document_text, products))
    with suppress(OSError):  # a cache that cannot be written only costs time
        _save(postings, folder)
    return postings


def _load(folder: Path) -> Postings:
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    starts, documents, counts, lengths = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS)
    rows = {term: row for row, term in enumerate(about["terms"])}
    return Postings(rows, starts, documents, counts, lengths, about["average_length"])


def _save(postings: Postings, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(dir=folder.parent, prefix=".index-"))
    try:
        for name in _ARRAYS:
            np.save(made / f"{name}.npy", getattr(postings, name), allow_pickle=False)
        about = {"terms": list(postings.terms), "average_length": postings.average_length}
        (made / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)  # a damaged one, which `_load` has refused
        os.replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _bm25s(ids: Sequence[str], texts: Sequence[str]) -> Search:
    from leap_kedro.environments.webshop.engine.analysis import terms

    try:
        import bm25s
    except ImportError as error:
        raise MissingEngine(
            "environments.webshop.search is 'bm25s', and the package is not installed: pip install bm25s"
        ) from error
    retriever = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    retriever.index([terms(text) for text in texts], show_progress=False)

    def search(query: str) -> tuple[str, ...]:
        asked = terms(query)
        if not any(term in retriever.vocab_dict for term in asked):
            return ()
        found, scores = retriever.retrieve([asked], k=min(MAX_HITS, len(ids)), show_progress=False)
        return tuple(ids[document] for document, score in zip(found[0], scores[0], strict=True) if score > 0)

    return search
