"""`kedro leap baselines`: other players on the tasks that the loop's policies are evaluated on."""

from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options


@click.command("baselines")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    help="A model to prompt, zero-shot and few-shot: openai:MODEL, a folder, ORG/NAME of the Hugging Face Hub, or "
    "models:/NAME@ALIAS. Repeatable.",
)
@click.option("--examples", type=click.IntRange(min=1), default=None, help="Solved tasks in a few-shot prompt.")
@click.option("--tasks", type=click.IntRange(min=1), default=None, help="Tasks of each split; default: all.")
@experiment_options
@click.pass_obj
def baselines(
    metadata: ProjectMetadata,
    policies: tuple[str, ...],
    examples: int | None,
    tasks: int | None,
    experiment: str | None,
    params: Mapping[str, Any],
    env: str | None,
) -> None:
    """Compare random play, the base model, pi_0, the experts, and prompted models."""
    options = {"policies": list(policies) or None, "examples": examples, "tasks": tasks}
    given = {name: value for name, value in options.items() if value is not None}
    Project(metadata, env, params, experiment=experiment, options=given or None).run("baselines")
