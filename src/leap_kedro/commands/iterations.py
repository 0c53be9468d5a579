"""`kedro leap run`: the loop over iterations."""

from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.summary import show
from leap_kedro.tracking.connection import where_to_look
from leap_kedro.tracking.failures import reported
from leap_kedro.tracking.models import retire_aliases
from leap_kedro.tracking.runs import ExperimentRuns, runs_of


@click.command("run")
@click.option("--iterations", "-n", type=click.IntRange(min=1), default=1, show_default=True, help="Last iteration.")
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Seed of everything random.")
@click.option("--fresh", is_flag=True, help="Delete the experiment's files first.")
@click.option("--yes", "-y", is_flag=True, help="With --fresh: do not ask.")
@experiment_options
@click.pass_obj
def run_iterations(
    metadata: ProjectMetadata,
    iterations: int,
    seed: int | None,
    fresh: bool,
    yes: bool,
    experiment: str | None,
    params: Mapping[str, Any],
    env: str | None,
) -> None:
    """Run iterations up to the given one. Interrupted and run again, the command continues."""
    if "iteration" in params:
        raise RunRefused(
            "`kedro leap run` counts the iterations itself: leave `iteration` out of --params, or run one iteration "
            "with  kedro run --params=iteration=K"
        )
    project = Project(metadata, env, params, experiment=experiment, seed=seed)
    chosen = project.experiment()
    if fresh:
        runs = runs_of(project.session().load_context(), chosen.name)  # before anything is deleted
        _delete(chosen, yes)
        _retire(runs)
    if chosen.next_iteration() > iterations:
        show(chosen, where_to_look(project.session().load_context()))
    while chosen.next_iteration() <= iterations:
        project.run("leap_iteration")


def _retire(runs: ExperimentRuns) -> None:
    """Mark an experiment's MLflow runs and policies as retired; they stay readable, and new ones are created."""
    with reported(runs.client.tracking_uri, started=True):
        runs.retire()
        retire_aliases(runs.client, runs.name)


def _delete(experiment: Experiment, yes: bool) -> None:
    folders = experiment.folders()
    if not folders:
        return
    listed = "\n".join(f"  {folder}" for folder in folders)
    if not yes:
        click.confirm(f"Delete experiment '{experiment.name}'?\n{listed}\n", abort=True)
    with locked(experiment):
        experiment.delete()
