"""Memory and seconds to open a WebShop catalogue with its search, each in a process of its own.

    python benchmarks/webshop_memory.py [--catalogue FOLDER] [--products 100000]

Without FOLDER (official files) the small catalogue is a generated one of 1,000 products. The large one is made of
generated shops, written as the official files into a temporary folder; its texts are as long as official ones. Figures
are what opening adds to the resident memory of the process at its highest (MB; behind it what Python and packages take
before, nltk's scikit-learn most of all), seconds to open without and with the kept index, milliseconds of a search.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leap_kedro.environments.sources import Source
from leap_kedro.environments.webshop.engine.analysis import stem
from leap_kedro.environments.webshop.parameters import WebShopOptions
from leap_kedro.environments.webshop.tasks.catalogue import ATTRIBUTES, HUMAN, PRODUCTS
from leap_kedro.environments.webshop.tasks.generator import generate_shop
from leap_kedro.environments.webshop.tasks.store import official_store

SMALL = 1_000
OFFICIAL_TEXT = 1_700
"""Characters of title, description and bullets of a product, mean over the official 1,000."""


def write_shop(folder: Path, products: int) -> Path:
    """Official-schema files of so many products, shop by shop, padded to the length of official texts."""
    folder.mkdir()
    made = [generate_shop("train", seed, SMALL) for seed in range(products // SMALL)]
    texts = [product for shop in made for product in shop.products]
    words = " ".join(product["full_description"] for product in texts[:SMALL]).split()
    for number, product in enumerate(texts):
        start = number * 7 % (len(words) - 400)
        padding = " ".join(words[start : start + 300])[:OFFICIAL_TEXT]
        product["small_description"] = [*product["small_description"], f"{padding} {number}"]
    attributes = {asin: record for shop in made for asin, record in shop.attributes.items()}
    human = {asin: records for shop in made for asin, records in shop.human.items()}
    for name, content in {PRODUCTS: texts, ATTRIBUTES: attributes, HUMAN: human}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def measure(folder: Path, cache: Path) -> None:
    """Open the catalogue in `folder` in this process, search, and print the figures."""
    stem("words")
    before = _memory("VmRSS")
    start = time.perf_counter()
    store = official_store(WebShopOptions(source=Source.OFFICIAL, data_root=folder, cache_folder=cache))
    opened = time.perf_counter() - start
    start = time.perf_counter()
    for place in range(20):
        store.shop.hits(store.goals[place].instruction.lower())
    each = (time.perf_counter() - start) / 20
    added = _memory("VmHWM") - before
    print(
        f"{len(store.catalogue.products):,} products, {len(store.goals):,} goals: {added:.0f} MB (and {before:.0f}), "
        f"opened in {opened:.1f} s, {1000 * each:.1f} ms a search"
    )


def _memory(which: str) -> float:
    """Resident memory of this process, MB: VmRSS now, VmHWM at its highest (getrusage's begins with the parent's)."""
    return int(re.findall(rf"{which}:\s+(\d+)", Path("/proc/self/status").read_text())[0]) / 1024


def main() -> None:
    """Measure both catalogues, each twice: the second time the index is there."""
    parser = argparse.ArgumentParser(description="Memory and seconds to open a WebShop catalogue.")
    parser.add_argument("--catalogue", type=Path, help="folder of the official files")
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(*given.measure)
        return
    with tempfile.TemporaryDirectory() as scratch:
        small = given.catalogue or write_shop(Path(scratch) / "small", SMALL)
        for folder in (small, write_shop(Path(scratch) / "large", given.products)):
            for _ in range(2):
                subprocess.run([sys.executable, __file__, "--measure", folder, Path(scratch) / "cache"], check=True)


if __name__ == "__main__":
    main()
