"""`kedro leap rehearse`: an iteration with a small random student, before a long run."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options
from leap_kedro.messages import as_user_errors
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.rehearsal.iteration import rehearse
from leap_kedro.rehearsal.report import show
from leap_kedro.rehearsal.stand_in import read_config


@click.command("rehearse")
@experiment_options
@click.pass_obj
def rehearse_iteration(
    metadata: ProjectMetadata, experiment: str | None, params: Mapping[str, Any], env: str | None
) -> None:
    """Go through an iteration with the current parameters with a small random student, and estimate its cost.

    Creates no experiment, logs nothing to MLflow, and calls no model.
    """
    project = Project(metadata, env, params, experiment=experiment)
    with as_user_errors(project.data), TemporaryDirectory(prefix="leap-rehearsal-") as folder:
        context = project.session().load_context()
        parameters = LeapParameters.model_validate(context.config_loader["parameters"])
        found = rehearse(parameters, context.catalog.load("language_models"), Path(folder))
        show(found, parameters, read_config(found.base))
