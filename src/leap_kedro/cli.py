"""Commands `kedro leap ...`: the loop over iterations, and what experiments there are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click
from kedro.framework.cli.project import run
from kedro.framework.cli.utils import _split_params, env_option
from kedro.framework.startup import ProjectMetadata
from rich.console import Console

from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.summary import show, status_table
from leap_kedro.session import LeapSession
from leap_kedro.tracking.connection import where_to_look
from leap_kedro.tracking.failures import told
from leap_kedro.tracking.models import retire_aliases
from leap_kedro.tracking.runs import ExperimentRuns, runs_of

__all__ = ["cli", "run"]  # Kedro looks here for the command `run` of a packaged project


@click.group(name="leap_kedro")
def cli() -> None:
    """Commands of this project."""


@cli.group()
def leap() -> None:
    """Run the LEAP loop, iteration after iteration, and look at experiments."""


@leap.command("run")
@click.option(
    "--iterations", "-n", type=click.IntRange(min=1), default=1, show_default=True, help="Run up to this one."
)
@click.option("--experiment", "-x", default=None, help="Name of the experiment; parameter `experiment` if not given.")
@click.option("--seed", type=click.IntRange(min=0), default=None, help="Seed of everything random.")
@click.option("--params", type=click.UNPROCESSED, default="", callback=_split_params, help="As for `kedro run`.")
@click.option("--fresh", is_flag=True, help="Delete what there is of the experiment first.")
@click.option("--yes", "-y", is_flag=True, help="With --fresh: do not ask.")
@env_option
@click.pass_obj
def run_iterations(
    metadata: ProjectMetadata,
    iterations: int,
    experiment: str | None,
    seed: int | None,
    params: Mapping[str, Any],
    fresh: bool,
    yes: bool,
    env: str | None,
) -> None:
    """Run iterations up to the given one; interrupted and run again, it continues."""
    given: dict[str, Any] = dict(params)
    if experiment is not None:
        given["experiment"] = experiment
    if seed is not None:
        given["seed"] = seed
    if "iteration" in given:
        raise RunRefused(
            "`kedro leap run` counts the iterations itself: leave iteration out of --params, or run one iteration with "
            "kedro run --params=iteration=K"
        )
    if (given.get("options") or {}).get("dry_run"):
        raise RunRefused(
            "`options.dry_run` rehearses one iteration: "
            "kedro run --pipelines=leap_iteration --params=options.dry_run=true"
        )
    chosen = _session(metadata, env, given).experiment()
    if fresh:
        runs = runs_of(_session(metadata, env, given).load_context(), chosen.name)  # before anything is deleted
        _delete(chosen, yes)
        _retire(runs)
    owed = range(chosen.next_iteration(), iterations + 1)
    for _ in owed:
        session = _session(metadata, env, given)
        with session:
            session.run(pipeline_names=["leap_iteration"])
    if not owed:
        show(chosen, where_to_look(_session(metadata, env, given).load_context()))


@leap.command()
@click.pass_obj
def status(metadata: ProjectMetadata) -> None:
    """List the experiments of this project."""
    Console().print(status_table(Path(metadata.project_path) / "data"))


def _session(metadata: ProjectMetadata, env: str | None, given: dict[str, Any]) -> LeapSession:
    # KedroSession says what `create` returns without saying that a subclass gives its own kind.
    return cast(LeapSession, LeapSession.create(metadata.project_path, env=env, runtime_params=dict(given)))


def _retire(runs: ExperimentRuns) -> None:
    """Set an experiment's MLflow runs and policies aside: they stay to be looked at, and the new ones begin empty."""
    with told(runs.client.tracking_uri, started=True):
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
