"""Ordinary Kedro runs, as the commands start them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.utils import _split_params, env_option
from kedro.framework.session import KedroSession
from kedro.framework.startup import ProjectMetadata

from leap_kedro.experiments.folders import Experiment
from leap_kedro.messages import as_user_errors

ALWAYS_WHOLE = frozenset({"evaluation", "baselines", "methods", "base_model"})
"""Pipelines whose nodes all run, because their results depend on options; their stores keep finished episodes."""

Command = Callable[..., Any]


def experiment_options(command: Command) -> Command:
    """The options of all commands that run a part of an experiment."""
    for option in (
        env_option,
        click.option(
            "--params", type=click.UNPROCESSED, default="", callback=_split_params, help="As for `kedro run`."
        ),
        click.option(
            "--experiment", "-x", default=None, help="Name of the experiment; default: the parameter `experiment`."
        ),
    ):
        command = option(command)
    return command


class Project:
    """The project with the configuration of a command."""

    def __init__(self, metadata: ProjectMetadata, env: str | None, params: Mapping[str, Any], **given: Any) -> None:
        """Keep the arguments of sessions.

        Args:
            metadata: The Kedro project.
            env: Configuration environment; None: Kedro's default.
            params: Runtime parameters.
            given: Further runtime parameters from the options of the command; None: not given.
        """
        self.data = Path(metadata.project_path) / "data"
        self._root, self._env = metadata.project_path, env
        self._params = {**params, **{name: value for name, value in given.items() if value is not None}}

    def session(self, **params: Any) -> KedroSession:
        """A new session; each run needs its own."""
        return KedroSession.create(self._root, env=self._env, runtime_params={**self._params, **params})

    def parameters(self) -> dict[str, Any]:
        """The parameters as configured. Raises `UserError` if they are wrong."""
        parameters: dict[str, Any] = self.session().load_context().config_loader["parameters"]
        return parameters

    def experiment(self) -> Experiment:
        """The experiment of the parameters. Raises `UserError` if they are wrong."""
        return Experiment(self.data, self.parameters()["experiment"])

    def run(self, pipeline: str, **params: Any) -> None:
        """Run a pipeline as `kedro run` does.

        Args:
            pipeline: Its registered name.
            params: Further runtime parameters of this run.

        Raises:
            UserError: If the run is refused or fails for a reason that the user can fix.
        """
        session = self.session(**params)
        with as_user_errors(self.data), session:
            session.run(pipeline_names=[pipeline], only_missing_outputs=pipeline not in ALWAYS_WHOLE)
