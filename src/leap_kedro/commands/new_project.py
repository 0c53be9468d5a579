"""`leap-kedro new`: a folder in which `kedro run` and `kedro leap` work with the installed package."""

import shutil
from pathlib import Path

import click

from leap_kedro.configuration import PATTERN
from leap_kedro.records import UserError

PACKAGE = Path(__file__).parents[1]
_TEMPLATES = PACKAGE / "starter"
_FILES = {
    "README.md": "README.md.jinja",
    "pyproject.toml": "pyproject.toml.jinja",
    ".gitignore": "gitignore.jinja",
    ".telemetry": "telemetry.jinja",
}
"""File of a project -> its template."""


class ProjectRefused(UserError):
    """The project cannot be written; the message says why."""


@click.group()
def main() -> None:
    """Projects of leap_kedro. In a project, use `kedro run` and `kedro leap`."""


@main.command("new")
@click.argument("project", type=click.Path(path_type=Path))
def new_project(project: Path) -> None:
    """Make the folder PROJECT with the default configuration, in which `kedro run` works."""
    write_project(project)
    click.echo(f"{project}: the configuration is in conf/.\n")
    click.echo(f"  cd {project}")
    click.echo("  kedro run --env=test --params=experiment=try     # an iteration in seconds")
    click.echo("  kedro run --pipelines=leap_iteration             # an iteration in minutes")


def write_project(project: Path) -> None:
    """Write a project.

    Args:
        project: Its folder, which is made; its last part is the name of the project.

    Raises:
        ProjectRefused: If the folder has files in it already, has a path that Kedro cannot use, or cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from kedro import __version__ as kedro_version

    from leap_kedro import __version__

    place = project.absolute()
    if found := sorted(PATTERN & set(str(place))):
        raise ProjectRefused(f"Kedro interprets the characters {' '.join(found)} of {place} as a pattern. Rename it.")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ProjectRefused(f"{place} exists already and is not an empty folder. Choose another name.")
    source = configuration()
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, TOML and YAML
    )
    given = {"name": place.name, "version": __version__, "kedro_version": kedro_version}
    try:
        shutil.copytree(
            source,
            place / "conf",
            ignore=shutil.ignore_patterns("local", "credentials*", "README.md"),
        )
        for folder in ("conf/local", "data", "src"):
            (place / folder).mkdir(exist_ok=True)
            (place / folder / ".gitkeep").touch()
        for file, template in _FILES.items():
            (place / file).write_text(templates.get_template(template).render(given), encoding="utf-8")
    except OSError as error:
        raise ProjectRefused(f"{place} cannot be written: {error}") from error


def configuration() -> Path:
    """The folder of the default configuration: in the package, or of the checkout that is installed in editable mode.

    Raises:
        ProjectRefused: If there is none.
    """
    for folder in (_TEMPLATES / "conf", PACKAGE.parents[1] / "conf"):
        if (folder / "base/parameters.yml").is_file():
            return folder
    raise ProjectRefused(f"{PACKAGE} has no configuration. Install it again from its wheel:  pip install leap_kedro")
