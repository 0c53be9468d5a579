"""`kedro leap new-environment`: a package with an environment, to be changed into one's own."""

from pathlib import Path

import click

from leap_kedro.environments.registry import OWN, REGISTERED
from leap_kedro.records import UserError

_TEMPLATE = OWN / "template"
_SUFFIX = ".jinja"


class CannotBeMade(UserError):
    """The package cannot be written; the message says why."""


@click.command("new-environment")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="this folder",
    help="Where the folder NAME is made.",
)
def new_environment(name: str, folder: Path) -> None:
    """Write the package NAME: an environment of about 70 lines that works, its defaults, and a test.

    Its README says how to install, check and use it. docs/your_environment.md describes the protocol.
    """
    made = write_package(name, folder)
    click.echo(f"{made}: replace the game in src/{name}/environment.py by your own.\n")
    click.echo(f"  pip install --no-deps --editable {made}")
    click.echo(f"  python -m leap_kedro.environments.check {name}")
    click.echo(f"  kedro run --pipelines=leap_iteration --params=environment={name},experiment={name}")


def write_package(name: str, folder: Path) -> Path:
    """Write the package and return its folder.

    Args:
        name: Name of the package and of the environment.
        folder: Where its folder is made.

    Raises:
        CannotBeMade: If the name is no name of a package, is taken, or the folder exists or cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    if not name.isidentifier() or name != name.lower():
        raise CannotBeMade(f"'{name}' is no name of a package: use lower-case letters, digits and _, such as my_game.")
    if name in REGISTERED:
        raise CannotBeMade(f"There is an environment '{name}' already. Choose another name.")
    target = folder / name
    if target.exists():
        raise CannotBeMade(f"{target} exists already. Choose another name or --folder.")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATE),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are files of code, and the name is an identifier
    )
    try:
        for template in templates.list_templates(extensions=["jinja"]):
            place = template.removesuffix(_SUFFIX).replace("src/", f"src/{name}/")
            file = target / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(templates.get_template(template).render(name=name, class_name=class_name), "utf-8")
        (target / "src" / name / "__init__.py").write_text(f'"""The environment {name}."""\n', "utf-8")
    except OSError as error:
        raise CannotBeMade(f"{target} cannot be written: {error}") from error
    return target
