"""`kedro leap evaluate`: any saved policy on any split."""

from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options


@click.command("evaluate")
@click.option(
    "--policy",
    default=None,
    help="A folder, ORG/NAME of the Hugging Face Hub, openai:MODEL, or models:/NAME@ALIAS of MLflow; default: all "
    "policies of the experiment.",
)
@click.option("--split", default=None, help="Split of the environment; default: the validation tasks.")
@click.option("--tasks", type=click.IntRange(min=1), default=None, help="Number of tasks; default: all.")
@click.option("--report", default=None, help="Name of the file with the results; default: policy and split.")
@experiment_options
@click.pass_obj
def evaluate(
    metadata: ProjectMetadata,
    policy: str | None,
    split: str | None,
    tasks: int | None,
    report: str | None,
    experiment: str | None,
    params: Mapping[str, Any],
    env: str | None,
) -> None:
    """Evaluate a policy: success with its interval, in total and by task type."""
    options = {"policy": policy, "split": split, "tasks": tasks, "report": report}
    given = {name: value for name, value in options.items() if value is not None}
    Project(metadata, env, params, experiment=experiment, options=given or None).run("evaluation")
