"""Write the notes of a release to stdout: the section of CHANGELOG.md for the version of a tag.

    python .github/release_notes.py v0.1.0

It fails if the tag is not the version of the package, or if the changelog has no dated section for it.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(changelog: str, version: str) -> str:
    """The text of the section of a version, without its title.

    Raises:
        SystemExit: If there is no such section, it has no date, or it is empty.
    """
    section = re.search(rf"^## \[{re.escape(version)}\] - (\S+)\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if not section:
        raise SystemExit(f"CHANGELOG.md has no section '## [{version}] - DATE'. Add it, then tag again.")
    date, text = section.groups()
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        raise SystemExit(f"The section {version} of CHANGELOG.md has no date but '{date}'. Write YYYY-MM-DD.")
    if not text.strip():
        raise SystemExit(f"The section {version} of CHANGELOG.md is empty.")
    return text.strip() + "\n"


def package_version(root: Path = ROOT) -> str:
    """The version that the package states."""
    return re.findall(r'^__version__ = "(.+)"$', (root / "src/leap_kedro/__init__.py").read_text("utf-8"), re.M)[0]


def main(tag: str) -> None:
    """Write the notes of a tag, such as ``v0.1.0``."""
    version = tag.removeprefix("v")
    if version != package_version():
        raise SystemExit(f"The tag {tag} is not the version {package_version()} of src/leap_kedro/__init__.py.")
    sys.stdout.write(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version))


if __name__ == "__main__":
    main(*sys.argv[1:])
