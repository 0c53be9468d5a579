"""Write the pages of docs/ that are generated from the code, or say which of them are not current.

    python docs/generate/reference.py [--check]

Each page PAGE.md has a template docs/generate/PAGE.md.jinja with the text between the tables.
"""

import argparse
import sys
from pathlib import Path

import commands
import parameters
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leap_kedro.cli import leap
from leap_kedro.commands.new_project import new_project

HERE = Path(__file__).parent
DOCS = HERE.parent


def pages() -> dict[Path, str]:
    """Path -> text of each generated page."""
    templates = Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - the text is Markdown
    )
    names = {
        "table": parameters.table,
        "options_table": parameters.options_table,
        "environments": parameters.environments,
        "free_table": parameters.free_table,
        "command": commands.section,
        "leap": leap.commands,
        "new_project": new_project,
    }
    return {
        DOCS / name.removesuffix(".jinja"): templates.get_template(name).render(names)
        for name in templates.list_templates(extensions=["jinja"])
    }


def main() -> None:
    """Write the pages; with ``--check``, only compare them and fail if one differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not current")
    check = parser.parse_args().check
    stale = {page: text for page, text in pages().items() if not page.exists() or page.read_text("utf-8") != text}
    for page, text in stale.items():
        if not check:
            page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(DOCS.parent)} {'is not current' if check else 'is written'}\n")
    if check and stale:
        raise SystemExit("Write them:  python docs/generate/reference.py")


if __name__ == "__main__":
    main()
