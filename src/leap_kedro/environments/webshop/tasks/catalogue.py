"""The official files (github.com/princeton-nlp/WebShop), read like the original, but one product at a time."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from leap_kedro.environments.protocol import TaskDataAbsent, TaskDataError
from leap_kedro.environments.sources import OnMalformed
from leap_kedro.environments.webshop.engine.products import (
    NaNIsNone,
    Product,
    ProductRecord,
    UnreadablePrice,
    is_skipped,
    product_of,
)
from leap_kedro.environments.webshop.tasks.official_json import read_items, read_pairs

PRODUCTS, ATTRIBUTES, HUMAN = "items_shuffle", "items_ins_v2", "items_human_ins"
VARIABLE = "WEBSHOP_DATA"

_NO_ATTRIBUTES = ("DUMMY_ATTR",)
"""Attributes in the original of a product that is missing in the file of attributes."""

_Record = TypeVar("_Record", bound=BaseModel)


class Size(StrEnum):
    """Size of the official files."""

    FULL = "full"
    """The 1.18 million products of `items_shuffle.json`."""
    SMALL = "small"
    """The 1,000 of `items_shuffle_1000.json`."""
    AUTO = "auto"
    """The full files if they exist, else the small ones."""


class AttributeRecord(BaseModel):
    """The record of a product in `items_ins_v2.json`."""

    model_config = ConfigDict(extra="ignore")

    attributes: Annotated[tuple[str, ...] | None, NaNIsNone] = None
    instruction: Annotated[str | None, NaNIsNone] = None
    instruction_attributes: Annotated[tuple[str, ...] | None, NaNIsNone] = None


class HumanRecord(BaseModel):
    """An instruction that a person wrote for a product, in `items_human_ins.json`."""

    model_config = ConfigDict(extra="ignore")

    instruction: str
    instruction_attributes: tuple[str, ...]
    instruction_options: tuple[str, ...] | dict[str, str] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The products of a shop and the sources of its goals.

    Attributes:
        products: Products in the order of the file.
        synthetic: Product -> instruction and attributes for synthetic goals.
        human: Product -> the instructions that people wrote for it.
        skipped: Reason -> number of products that the original leaves out, too. Reasons are ``id`` (longer than ten
            characters, or "nan") and ``repeated``.
        malformed: Skipped malformed entries: file, product and field of each.
    """

    products: tuple[Product, ...]
    synthetic: Mapping[str, AttributeRecord]
    human: Mapping[str, tuple[HumanRecord, ...]]
    skipped: Mapping[str, int] = field(default_factory=dict)
    malformed: tuple[str, ...] = ()


def data_root(given: str | Path | None) -> Path:
    """Folder of the official files: the given one, else the value of the variable `VARIABLE`.

    Raises:
        TaskDataError: If there is no such folder.
    """
    folder = given or os.environ.get(VARIABLE)
    if not folder:
        raise TaskDataAbsent(
            f"No folder of WebShop's files: {VARIABLE} is not set. Set it to the folder that holds "
            f"{PRODUCTS}.json or {PRODUCTS}_1000.json (docs/webshop.md says how to get them), or use generated shops: "
            "--params=environments.webshop.source=generated"
        )
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise TaskDataAbsent(f"{root} (given by environments.webshop.data_root or {VARIABLE}) does not exist.")
    return root


def official_files(root: Path, size: Size) -> tuple[Path, Path, Path]:
    """Files of products, attributes and human instructions.

    Raises:
        TaskDataError: If one is missing.
    """
    endings = {Size.FULL: ("",), Size.SMALL: ("_1000",), Size.AUTO: ("", "_1000")}[size]
    tried = [(root / f"{PRODUCTS}{end}.json", root / f"{ATTRIBUTES}{end}.json") for end in endings]
    human = root / f"{HUMAN}.json"
    for products, attributes in tried:
        if products.is_file():
            missing = [path.name for path in (attributes, human) if not path.is_file()]
            if missing:
                raise TaskDataAbsent(f"{root} has {products.name} and lacks {', '.join(missing)}. {_WHERE_TO_GET}")
            return products, attributes, human
    names = " or ".join(products.name for products, _ in tried)
    raise TaskDataAbsent(f"{root} has no {names}. {_WHERE_TO_GET}")


_WHERE_TO_GET = "docs/webshop.md says how to get the official files."


def read_catalogue(
    root: Path, size: Size, limit: int | None = None, on_malformed: OnMalformed = OnMalformed.REFUSE, seed: int = 0
) -> Catalogue:
    """The catalogue of the official files.

    Args:
        root: Their folder.
        size: Their size.
        limit: Maximum number of products, taken from the beginning of the file; None for all.
        on_malformed: How malformed entries are handled.
        seed: Seed of prices that are ranges.

    Raises:
        TaskDataError: If a file is missing, has a malformed entry that is refused, or contains no product. The message
            names file, product and field.
    """
    products, attributes, human = official_files(root, size)
    contents = read_items(products), read_pairs(attributes), read_pairs(human)
    catalogue = build_catalogue(*contents, limit, on_malformed, seed, (products, attributes, human))
    if not catalogue.products:
        left_out = ", ".join(f"{count} by {why}" for why, count in catalogue.skipped.items()) or "none"
        raise TaskDataError(
            f"{products} has no product that can be sold (left out as by the original: {left_out}; malformed: "
            f"{len(catalogue.malformed)}). {_WHERE_TO_GET}"
        )
    return catalogue


def build_catalogue(
    products: Iterable[Any],
    attributes: Iterable[tuple[str, Any]],
    human: Iterable[tuple[str, Any]],
    limit: int | None = None,
    on_malformed: OnMalformed = OnMalformed.REFUSE,
    seed: int = 0,
    files: tuple[Path, Path, Path] = (Path(PRODUCTS), Path(ATTRIBUTES), Path(HUMAN)),
) -> Catalogue:
    """The catalogue of records in the official schemas.

    Args:
        products: Records of products.
        attributes: (product, record of its attributes) pairs.
        human: (product, records of its human instructions) pairs.
        limit: Maximum number of product records; None for all.
        on_malformed: How malformed entries are handled.
        seed: Seed of prices that are ranges.
        files: Names of the three files for messages.

    Raises:
        TaskDataError: As `read_catalogue`.
    """
    malformed: list[str] = []

    def report(problem: str) -> None:
        if on_malformed is OnMalformed.REFUSE:
            raise TaskDataError(
                f"{problem}\nFix the file, or skip and count such products: "
                "--params=environments.webshop.on_malformed=skip"
            )
        malformed.append(problem)

    skipped: dict[str, int] = {}
    wanted: dict[str, ProductRecord] = {}
    for number, item in enumerate(products):
        if number == limit:
            break
        asin = item.get("asin") if isinstance(item, dict) else None
        why = "id" if is_skipped(asin) else "repeated" if isinstance(asin, str) and asin in wanted else ""
        if why:
            skipped[why] = skipped.get(why, 0) + 1
        elif record := _read(ProductRecord, item, files[0], f"product {number} ({_asin(item)})", report):
            wanted[record.asin] = record
    described = {
        asin: known
        for asin, item in attributes
        if asin in wanted and (known := _read(AttributeRecord, item, files[1], f"product {asin}", report))
    }
    made = []
    for asin in list(wanted):
        has = described[asin].attributes if asin in described else None
        try:
            made.append(product_of(wanted.pop(asin), _NO_ATTRIBUTES if has is None else has, seed))
        except UnreadablePrice as error:
            report(f"{files[0]}, product {asin}, field `pricing`: {error}.")
    sold = {product.asin for product in made}
    return Catalogue(
        products=tuple(made),
        synthetic={asin: known for asin, known in described.items() if asin in sold and known.instruction is not None},
        human={
            asin: tuple(
                written
                for number, item in enumerate(items if isinstance(items, list) else [items])
                if (written := _read(HumanRecord, item, files[2], f"product {asin}, instruction {number}", report))
            )
            for asin, items in human
            if asin in sold
        },
        skipped=skipped,
        malformed=tuple(malformed),
    )


def _asin(item: Any) -> str:
    return str(item.get("asin", "without asin"))[:40] if isinstance(item, dict) else "no object"


def _read(kind: type[_Record], item: Any, file: Path, what: str, report: Callable[[str], None]) -> _Record | None:
    try:
        return kind.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        report(f"{file}, {what}, field `{place}`: {first['msg']} (value {str(first['input'])[:80]!r}).")
        return None
