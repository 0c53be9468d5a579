"""A small shop in the official schemas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def product(asin: str = "B000000001", **changed: Any) -> dict[str, Any]:
    """A product as `items_shuffle.json` has it."""
    record: dict[str, Any] = {
        "asin": asin,
        "name": "Velmo Ceramic Travel Mug",
        "full_description": "A mug for every day.",
        "small_description": ["Sold by Velmo.", "It is BPA free."],
        "pricing": "$12.50",
        "customization_options": {"Color": [{"value": " Navy/Blue "}, {"value": "Red"}], "Size": None},
        "product_category": "Home & Kitchen › Kitchen & Dining › Cups",
        "category": "kitchen",
        "query": " Mugs ",
        "images": ["x"],
        "average_rating": "",
    }
    return {**record, **changed}


def write_files(
    folder: Path,
    products: list[Any],
    attributes: Mapping[str, Any] | None = None,
    human: Mapping[str, Any] | None = None,
    ending: str = "",
) -> Path:
    """The three files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"items_shuffle{ending}": products, f"items_ins_v2{ending}": attributes or {}}
    for name, content in {**contents, "items_human_ins": human or {}}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder
