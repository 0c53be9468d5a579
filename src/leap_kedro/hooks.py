"""Hooks that guard an experiment while it runs and pass credentials on.

Hooks observe and refuse. The command decides what runs, and the datasets decide what is finished.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.datasets.access import AccessDataset
from leap_kedro.datasets.errors import StorageError
from leap_kedro.datasets.history import SECONDS
from leap_kedro.experiments.clock import NodeClock
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.record import check_parameters
from leap_kedro.experiments.summary import show_results
from leap_kedro.messages import drop_hints
from leap_kedro.pipelines.parameters import LeapParameters, check, recorded
from leap_kedro.pipelines.students import check_students
from leap_kedro.tracking.connection import where_to_look
from leap_kedro.tracking.parameters import loggable

OUTSIDE = frozenset({"evaluation", "methods", "base_model"})
"""Pipelines that at most read experiments. They may run at the same time as it, with any parameters."""

APART = frozenset({"baselines", "realizability_ablation"})
"""Pipelines of an experiment that do not belong to an iteration, so their seconds are not counted in it."""

_NAMED = ("experiment", "iteration", "options")
"""Runtime parameters that commands in messages name themselves, or do not need."""

logger = logging.getLogger(__name__)


class CredentialsHooks:
    """Gives the key of language models in credentials.yml to the dataset `language_models`.

    `conf/local` is always read, also with `--env`, because it is the only folder of configuration that git ignores.
    """

    def __init__(self) -> None:
        self._local: dict[str, Any] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Read the credentials of `conf/local`."""
        self._local = {}
        loader = LeapConfigLoader(context.config_loader.conf_source, base_env="base", default_run_env="local")
        with suppress(MissingConfigException):
            self._local = loader["credentials"]

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol[Any, Any], conf_creds: dict[str, Any]) -> None:
        """Give the credentials to the dataset; those of the run's environment take precedence."""
        access = catalog.get("language_models") if "language_models" in catalog else None
        if isinstance(access, AccessDataset):
            access.take({**self._local, **conf_creds})


class ExperimentHooks:
    """Guards an experiment: one run at a time, always with the same parameters.

    Wrong parameters are refused as soon as a context is created, other faults before a node runs.
    """

    def __init__(self) -> None:
        self._held = ExitStack()
        self._env = ""
        self._parameters: LeapParameters | None = None
        self._experiment: Experiment | None = None
        self._mlflow: Callable[[], tuple[str, ...]] = tuple
        self._guarding = False
        self._runtime: dict[str, Any] = {}
        self._clock: NodeClock | None = None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Check all parameters, including the name of the experiment."""
        self._release()
        self._env, self._runtime = context.env or "", dict(context.config_loader.runtime_params or {})
        loader = context.config_loader
        assert isinstance(loader, LeapConfigLoader)  # noqa: S101 - settings.py says so
        loader.project = context.project_path
        self._parameters = check(loader["parameters"], loader.origin)
        self._experiment = Experiment(context.project_path / "data", self._parameters.experiment)
        self._mlflow = partial(where_to_look, context)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Acquire the lock of the experiment, and refuse a run that must not start.

        Raises:
            UserError: If the experiment is in use or was started with other parameters, the iteration before is
                missing, or a model that the run needs cannot be used.
        """
        parameters, experiment = self._parameters, self._experiment
        if parameters is None or experiment is None:
            raise RuntimeError("ExperimentHooks needs Kedro's after_context_created before a pipeline runs.")
        drop_hints()
        check_students(parameters, pipeline, catalog.load("base") if catalog.exists("base") else None)
        names = run_params["pipeline_names"] or ["__default__"]
        if OUTSIDE.issuperset(names):
            return
        self._held.enter_context(locked(experiment))
        try:
            self._check_iteration(experiment, parameters.iteration)
            # An ablation has a folder per seed.
            free = ("seed",) if run_params["pipeline_names"] == ["realizability_ablation"] else ()
            check_parameters(experiment, recorded(parameters), self._options, self._given(","), free)
        except BaseException:
            self._release()
            raise
        logger.info("Experiment '%s', iteration %d", experiment.name, parameters.iteration)
        self._guarding = True
        if not APART.issuperset(names):
            self._clock = NodeClock(experiment.manifest_path(parameters.iteration).with_name(SECONDS))

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start a node's time, until the next node begins: stores and trainings work while they are saved."""
        if self._clock:
            self._clock.begin(node.short_name)

    @hook_impl
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Log how to continue, and release the experiment."""
        if self._clock:
            with suppress(StorageError):  # on a full disk, the first error explains more
                self._clock.stop()
        if self._guarding:
            logger.error("The run stopped. Run the same command again: it continues, and repeats nothing finished.")
        self._release()

    @hook_impl(trylast=True)
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Release the experiment and show the results."""
        if self._clock:
            self._clock.stop()
        self._release()
        if self._experiment:
            show_results(self._experiment, pipeline, catalog, self._mlflow())

    def _check_iteration(self, experiment: Experiment, iteration: int) -> None:
        following = experiment.next_iteration()
        if iteration > following:
            raise RunRefused(
                f"Iteration {iteration} of experiment '{experiment.name}' needs iteration {iteration - 1}, which is "
                f"not finished. The next one to run is {following}:  kedro run{self._options} "
                f"--pipelines=leap_iteration --params=experiment={experiment.name}{self._given(',')}   or all up to "
                f"{iteration}:  "
                f"kedro leap run{self._options} --experiment={experiment.name} --iterations={iteration}"
                f"{self._given(' --params=')}"
            )

    @property
    def _options(self) -> str:
        """The option that a command in a message needs to mean the same environment."""
        return f" --env={self._env}" if self._env else ""

    def _given(self, before: str) -> str:
        """The runtime parameters that a command in a message needs to mean the same run, with `before` in front.

        Empty if there are none. Secrets are redacted.
        """
        kept = {name: value for name, value in self._runtime.items() if name not in _NAMED}
        given = ",".join(f"{name}={value}" for name, value in loggable(kept, ("*",)).items())
        return given and before + given

    def _release(self) -> None:
        self._clock, self._guarding = None, False
        self._held.close()
