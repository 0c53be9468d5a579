"""Hooks of the loop: when an iteration is whole, its manifest is written and its result shown."""

import json
import logging
import time
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from leap_kedro.datasets.atomic import write_text
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.manifest import build_manifest
from leap_kedro.experiments.summary import show
from leap_kedro.pipelines.parameters import check, digest, recorded

_WHOLE = ({"__default__"}, {"leap_iteration"})
_FILTERS = ("tags", "from_nodes", "to_nodes", "node_names", "from_inputs", "to_outputs", "namespaces")

logger = logging.getLogger(__name__)


class ManifestHooks:
    """Times the nodes of an iteration and marks it as finished when all of it has run.

    The manifest is what makes an iteration count as finished: it comes last.
    """

    def __init__(self) -> None:
        self._project = Path()
        self._raw: dict[str, Any] = {}
        self._clock: _Clock | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep what the manifest needs of the context."""
        self._project = context.project_path
        self._raw = dict(context.config_loader["parameters"])

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Start the clock of a run of the whole iteration."""
        self._clock = None
        if _whole(run_params):
            experiment, iteration = self._which(run_params)
            self._clock = _Clock(experiment.manifest_path(iteration).with_name("seconds.json"))

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Begin a node's time: it lasts until the next node begins, because generator nodes work while they save."""
        if self._clock:
            self._clock.begin(node.name)

    @hook_impl
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Say how to go on."""
        if self._clock:
            self._clock.stop()
            logger.error("The run stopped. Run the same command again: it continues, and repeats nothing finished.")

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Write the manifest and show the result."""
        if self._clock is None:
            return
        self._clock.stop()
        experiment, iteration = self._which(run_params)
        if not experiment.finished(iteration):
            values = recorded(check(self._raw, lambda path: path))
            manifest = build_manifest(
                self._project,
                {
                    "experiment": experiment.name,
                    "iteration": iteration,
                    "seed": self._raw["seed"],
                    "parameters": digest(values),
                    "environment": run_params["env"],
                    "evaluations": [
                        *_loaded(catalog, ITERATION_0 if iteration == 1 else ()),
                        *catalog.load("evaluation"),
                    ],
                    "champion": catalog.load("champion"),
                },
                _files(pipeline, catalog),
                self._clock.seconds,
            )
            experiment.write_manifest(iteration, manifest)
        show(experiment)

    def _which(self, run_params: dict[str, Any]) -> tuple[Experiment, int]:
        given = run_params["runtime_params"]
        return Experiment(self._project / "data", given["experiment"]), int(given["iteration"])


ITERATION_0 = ("base_evaluation", "pi_0_evaluation")
"""Evaluations that belong to what the loop starts from."""


class _Clock:
    """Seconds by node, kept in a file so that they add up over interrupted runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._running: tuple[str, float] | None = None
        self.seconds: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def begin(self, name: str) -> None:
        self.stop()
        self._running = (name, time.perf_counter())

    def stop(self) -> None:
        if self._running is None:
            return
        name, begun = self._running
        self._running = None
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
        write_text(self._path, json.dumps(self.seconds))


def _whole(run_params: dict[str, Any]) -> bool:
    names = set(run_params["pipeline_names"] or ["__default__"])
    return names in _WHOLE and not any(run_params[name] for name in _FILTERS)


def _loaded(catalog: CatalogProtocol[Any, Any], names: tuple[str, ...]) -> list[Any]:
    return [summary for name in names for summary in catalog.load(name)]


def _files(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> dict[str, Path]:
    found = {}
    for name in pipeline.all_outputs():
        path = catalog.get(name)._describe().get("filepath") if name in catalog else None  # type: ignore[union-attr]
        if path and Path(path).exists():
            found[name] = Path(path)
    return found
