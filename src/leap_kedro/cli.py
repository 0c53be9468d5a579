"""The commands of this project, in the module where Kedro expects them."""

import click

from leap_kedro.commands.ablate import ablate
from leap_kedro.commands.baselines import baselines
from leap_kedro.commands.compare import compare
from leap_kedro.commands.evaluate import evaluate
from leap_kedro.commands.iterations import run_iterations
from leap_kedro.commands.new_environment import new_environment
from leap_kedro.commands.rehearse import rehearse_iteration
from leap_kedro.commands.run import run
from leap_kedro.commands.serve import serve
from leap_kedro.commands.status import status
from leap_kedro.commands.view import view

__all__ = ["cli", "run"]  # Kedro expects the command `run` of a packaged project here


@click.group(name="leap_kedro")
def cli() -> None:
    """Commands of this project."""


@cli.group()
def leap() -> None:
    """Run the LEAP loop, evaluate and compare policies, browse episodes, and serve environments."""


cli.add_command(run)
for command in (
    run_iterations,
    compare,
    ablate,
    baselines,
    evaluate,
    rehearse_iteration,
    status,
    view,
    new_environment,
    serve,
):
    leap.add_command(command)
