"""`kedro run`, which runs only what is missing of a whole pipeline of the loop."""

from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines
from kedro.utils import find_kedro_project

from leap_kedro.commands.running import ALWAYS_WHOLE
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.messages import as_user_errors

_SELECTIONS = ("tags", "node_names", "from_nodes", "to_nodes", "from_inputs", "to_outputs", "namespaces")


@click.command("run", params=list(kedro_run.params))
def run(**options: Any) -> None:
    """Run pipelines. In a pipeline of the loop, only nodes with missing outputs run.

    After an interruption the same command continues. Selected nodes (--nodes, --tags, --namespaces ...) run as in any
    Kedro project. Finished episodes, corrections and trainings are never repeated.
    """
    names = [options["pipeline"]] if options["pipeline"] else options["pipelines"]
    _check_names(names)
    chosen = any(options[name] for name in _SELECTIONS)
    options["only_missing_outputs"] |= not chosen and not ALWAYS_WHOLE.intersection(names)
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    assert kedro_run.callback is not None  # noqa: S101 - click's type allows a command without a function
    with as_user_errors(Path(project) / "data"):
        kedro_run.callback(**options)


def _check_names(names: list[str]) -> None:
    pipelines.set_requested(list(names) or None)
    for name in names:
        try:
            pipelines[name]
        except (KeyError, ValueError) as error:
            raise RunRefused(f"There is no pipeline '{name}'. List the pipelines:  kedro registry list") from error
