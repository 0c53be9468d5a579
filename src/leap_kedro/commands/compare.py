"""`kedro leap compare`: the loop over methods and seeds."""

import logging
from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata
from omegaconf import OmegaConf

from leap_kedro.commands.running import Project, experiment_options
from leap_kedro.experiments.folders import Experiment
from leap_kedro.pipelines.methods.methods import METHODS, experiment_name

logger = logging.getLogger(__name__)


@click.command("compare")
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(list(METHODS)),
    help="A method to run. Repeatable; default: all.",
)
@click.option(
    "--iterations",
    "-n",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Iterations of LEAP; other methods play as many episodes.",
)
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Number of seeds.")
@experiment_options
@click.pass_obj
def compare(
    metadata: ProjectMetadata,
    methods: tuple[str, ...],
    iterations: int,
    seeds: int,
    experiment: str | None,
    params: Mapping[str, Any],
    env: str | None,
) -> None:
    """Run LEAP and other methods from the same pi_0, for several seeds, and compare them.

    Each method and seed is an experiment, called NAME_METHOD_SEED. pi_0 is trained once per seed, and once more for
    `distill`. Interrupted and run again, the command continues.
    """
    comparison = Project(metadata, env, params, experiment=experiment)
    shared = comparison.parameters()
    first = int(shared["seed"])
    given = str(shared["bootstrap"]["demonstrator"]), int(shared["rollout"]["episodes"])
    for seed in range(first, first + seeds):
        start: Experiment | None = None
        for name in methods or METHODS:
            values = with_values(params, METHODS[name].parameters(*given))
            run = Project(
                metadata, env, values, experiment=experiment_name(shared["experiment"], name, seed), seed=seed
            )
            made = run.experiment()
            if not METHODS[name].own_start:
                start = start or made
                if not made.folders() and made != start:
                    made.start_as(start)
            logger.info("Method '%s', seed %d (%d to %d)", name, seed, first, first + seeds - 1)
            while run.experiment().next_iteration() <= iterations * METHODS[name].rounds:
                run.run("leap_iteration")
    comparison.run("methods")


def with_values(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Runtime parameters in which `values`, by path, replace others."""
    tree = OmegaConf.create(dict(params))
    for path, value in values.items():
        OmegaConf.update(tree, path, value, force_add=True)
    merged: Any = OmegaConf.to_container(tree)
    return dict(merged)
