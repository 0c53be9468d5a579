"""The built documentation site: links lead somewhere, nothing is loaded from the net, and the search has its index."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


class Page(HTMLParser):
    """Anchors, links and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.update(value for name in ("id", "name") if (value := given.get(name)))
        if target := given.get("href") if tag == "a" else None:
            self.links.append(target)
        if target := given.get("href") if tag == "link" else given.get("src"):
            self.loaded.append(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in a copy of what it is made of."""
    pytest.importorskip("zensical", reason="needs zensical, of the extra [docs]")
    copy = tmp_path_factory.mktemp("project")
    for name in ("docs", "conf", "examples", "src", "tests"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors", "local")
        )
    for file in ROOT.iterdir():
        if file.is_file() and file.suffix in ("", ".cff", ".md", ".toml", ".txt", ".yml"):
            shutil.copy(file, copy)
    built = subprocess.run(
        [sys.executable, "docs/generate/pages.py"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return copy / "build/site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text("utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_to_a_place_on_the_site(pages: dict[Path, Page]) -> None:
    wrong: list[str] = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchored = parts.fragment in pages[target].anchors if target in pages and parts.fragment else True
            if not target.is_file() or not anchored:
                wrong.append(f"{path.name}: {link}")
    assert not wrong


def test_nothing_is_loaded_from_the_net(pages: dict[Path, Page]) -> None:
    assert not [target for page in pages.values() for target in page.loaded if re.match(r"\w+:|//", target)]


def test_the_search_finds_parameters_records_and_commands(site: Path) -> None:
    text = json.dumps(json.loads((site / "search.json").read_text("utf-8")))
    for wanted in ("correction.max_corrections_per_episode", "is_infrastructure", "kedro leap rehearse"):
        assert wanted in text
