"""`kedro leap status`: the experiments of the project."""

from pathlib import Path

import click
from kedro.framework.startup import ProjectMetadata
from rich.console import Console

from leap_kedro.experiments.summary import status_table


@click.command("status")
@click.pass_obj
def status(metadata: ProjectMetadata) -> None:
    """List the experiments of this project."""
    Console().print(status_table(Path(metadata.project_path) / "data"))
