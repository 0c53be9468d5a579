"""Gather the pages of the documentation site in build/pages and build build/site.

    python docs/generate/pages.py

The pages lie in build/pages as in the repository, together with every file that they link to: the same links work
in both places. A page that the navigation of mkdocs.yml does not show, an entry of it without a page, and a warning of
Zensical are errors.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "build/pages"
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")


def shown(entries: Any) -> Iterator[str]:
    """Paths of the pages in a navigation, from the root of the repository."""
    for entry in entries:
        for target in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [target] if isinstance(target, str) else shown(target)


def navigation() -> list[str]:
    """Paths of the pages that the site shows."""
    read = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - only texts
    return list(shown(read["nav"]))


def pages() -> list[str]:
    """Paths of the pages that the site has to show: those of docs/, and those that they link to."""
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")} | {"README.md"}
    found |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").glob("*/README.md")}
    return sorted(path for path in reachable(found) if path.endswith(".md"))


def reachable(start: set[str]) -> set[str]:
    """Paths of these files and of all files that are linked from them, directly or not."""
    found, waiting = set(start), sorted(start)
    while waiting:
        page = waiting.pop()
        if page.endswith(".md"):
            new = set(links(ROOT / page)) - found
            found |= new
            waiting += sorted(new)
    return found


def links(page: Path) -> Iterator[str]:
    """Paths of the files of the repository that a page links to."""
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        target = (page.parent / link).resolve()
        if not re.match(r"\w+:", link) and target.is_file():
            yield target.relative_to(ROOT).as_posix()


def gather() -> None:
    """Write build/pages anew.

    Raises:
        SystemExit: If the navigation and the pages differ.
    """
    wanted, given = set(pages()), set(navigation())
    wrong = [f"  {page} is not in it" for page in sorted(wanted - given)]
    wrong += [f"  {page} does not exist" for page in sorted(given) if not (ROOT / page).is_file()]
    if wrong:
        raise SystemExit("\n".join(["Correct `nav` in mkdocs.yml:", *wrong]))
    shutil.rmtree(PAGES, ignore_errors=True)
    for path in reachable(wanted | given):
        target = PAGES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    shutil.copy(Path(__file__).with_name("site.css"), PAGES)


def main() -> None:
    """Gather the pages and build the site."""
    gather()
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run([zensical, "build", "--clean", "--strict"], cwd=ROOT, check=False)
    if built.returncode:
        raise SystemExit("The site has errors, see above.")
    sys.stdout.write("Look at it:  python -m http.server --directory build/site\n")


if __name__ == "__main__":
    main()
