"""`kedro leap ablate`: the loop over the seeds of the realizability ablation."""

import logging
from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options

logger = logging.getLogger(__name__)


@click.command("ablate")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Number of seeds.")
@experiment_options
@click.pass_obj
def ablate(
    metadata: ProjectMetadata, seeds: int, experiment: str | None, params: Mapping[str, Any], env: str | None
) -> None:
    """Train one iteration at each of five privilege levels, for several seeds from the parameter `seed` on."""
    project = Project(metadata, env, params, experiment=experiment)
    first = int(project.parameters()["seed"])
    for seed in range(first, first + seeds):
        logger.info("Ablation, seed %d (%d to %d)", seed, first, first + seeds - 1)
        project.run("realizability_ablation", seed=seed)
