"""Writes a generated shop as the three official files, for the original or for other tools.

python -m leap_kedro.environments.webshop.tools.export FOLDER [--split test] [--seed 0] [--products 1000]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.tasks.catalogue import ATTRIBUTES, HUMAN, PRODUCTS
from leap_kedro.environments.webshop.tasks.generator import generate_shop
from leap_kedro.environments.webshop.tasks.store import GENERATED_PRODUCTS


def export_shop(folder: Path, split: str, seed: int, products: int) -> list[Path]:
    """Write the files of a shop, see `generate_shop`, into `folder` and return their paths.

    Raises:
        FileExistsError: If one of them already exists.
        OSError: If they cannot be written.
    """
    made = generate_shop(split, seed, products)
    contents = {PRODUCTS: made.products, ATTRIBUTES: made.attributes, HUMAN: made.human}
    files = {folder / f"{name}.json": content for name, content in contents.items()}
    existing = [str(path) for path in files if path.exists()]
    if existing:
        raise FileExistsError(f"{', '.join(existing)} already exist: name an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return list(files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files and print their paths; 2 if they cannot be written."""
    parser = argparse.ArgumentParser(description="Write a generated WebShop as the three official files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", choices=WebShop.generated_splits, default="test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--products", type=int, default=GENERATED_PRODUCTS)
    options = parser.parse_args(arguments)
    if options.products < 1:
        parser.error(f"--products: at least 1, not {options.products}")
    try:
        files = export_shop(options.folder, options.split, options.seed, options.products)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    print(*files, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
