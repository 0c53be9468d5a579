"""Hooks of the loop: credentials are handed on; when an iteration is whole, its manifest is written and shown."""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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
from leap_kedro.experiments.clock import NodeClock
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.manifest import build_manifest
from leap_kedro.experiments.summary import show, show_ablation, show_comparison, show_evaluations
from leap_kedro.pipelines.parameters import check, digest, recorded
from leap_kedro.records.hashing import content_hash, text_hash
from leap_kedro.tracking.catalog import path_of
from leap_kedro.tracking.connection import where_to_look

_WHOLE = ({"__default__"}, {"leap_iteration"}, {"leap"})
_FILTERS = ("tags", "from_nodes", "to_nodes", "node_names", "from_inputs", "to_outputs", "namespaces")

logger = logging.getLogger(__name__)


class CredentialsHooks:
    """Hands the key of language models to the dataset that gives it out, where credentials.yml has one.

    `conf/local` is read whatever `--env` says: it is the only folder of configuration that git ignores.
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
        """Give the credentials to the dataset `language_model_access`; those of the environment go first."""
        access = catalog.get("language_model_access") if "language_model_access" in catalog else None
        if isinstance(access, AccessDataset):
            access.take({**self._local, **conf_creds})


class ManifestHooks:
    """Times the nodes of an iteration and marks it as finished when all of it has run.

    The manifest is what makes an iteration count as finished: it comes last.
    """

    def __init__(self) -> None:
        self._project = Path()
        self._raw: dict[str, Any] = {}
        self._mlflow: Callable[[], tuple[str, ...]] = tuple
        self._clock: NodeClock | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep what the manifest needs of the context."""
        self._project = context.project_path
        self._raw = dict(context.config_loader["parameters"])
        self._mlflow = partial(where_to_look, context)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Start the clock of a run of the whole iteration."""
        self._clock = None
        if _whole(run_params):
            experiment, iteration = self._which(run_params)
            self._clock = NodeClock(experiment.manifest_path(iteration).with_name("seconds.json"))

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Begin a node's time: it lasts until the next node begins, because generator nodes work while they save."""
        if self._clock:
            self._clock.begin(node.name)

    @hook_impl
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Say how to go on."""
        if self._clock:
            with suppress(StorageError):  # a full disk, say: the error at hand tells more
                self._clock.stop()
            logger.error("The run stopped. Run the same command again: it continues, and repeats nothing finished.")

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Write the manifest and show the result."""
        names = run_params["pipeline_names"]
        if names == ["evaluation"]:
            show_evaluations(catalog.load("saved_policy_evaluation"), path_of(catalog.get("saved_policy_evaluation")))
        if "ablation_summary" in pipeline.all_outputs():
            show_ablation(catalog.load("ablation_summary"), path_of(catalog.get("ablation_table")))
        if "baselines" in pipeline.all_outputs():
            show_comparison(catalog.load("baselines"), path_of(catalog.get("baseline_table")))
        if self._clock is None:
            return
        self._clock.stop()
        experiment, iteration = self._which(run_params)
        for part in _parts(pipeline, iteration):
            if not experiment.finished(part.iteration):
                self._finish(experiment, part, run_params["env"], catalog)
        show(experiment, self._mlflow())

    def _finish(self, experiment: Experiment, part: "_Part", env: str, catalog: CatalogProtocol[Any, Any]) -> None:
        clock = self._clock
        values = recorded(check(self._raw, lambda path: path))
        files = {name: path for name in sorted(part.outputs) if (path := _existing(catalog, name))}
        parents = catalog.load("policy_history")
        manifest = build_manifest(
            self._project,
            {
                "experiment": experiment.name,
                "iteration": part.iteration,
                "seed": self._raw["seed"],
                "parameters": digest(values),
                "env": env,
                "parent": {
                    "policy": parents[part.iteration - 1].id,
                    "content": content_hash(parents[part.iteration - 1].folder),
                },
                "evaluations": [
                    *_loaded(catalog, ITERATION_0 if part.iteration == 1 else ()),
                    *catalog.load(part.evaluation),
                ],
                "champion": catalog.load(part.champion),
                "prompts": {name: text_hash(text) for name, text in catalog.load(part.prompts).items()},
            },
            files,
            clock.seconds if clock else {},
        )
        experiment.write_manifest(part.iteration, manifest)

    def _which(self, run_params: dict[str, Any]) -> tuple[Experiment, int]:
        given = run_params["runtime_params"]
        return Experiment(self._project / "data", given["experiment"]), int(given["iteration"])


ITERATION_0 = ("base_evaluation", "pi_0_evaluation")
"""Evaluations that belong to what the loop starts from."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one iteration is called in a pipeline.

    Attributes:
        iteration: k.
        evaluation: Dataset of its evaluation.
        champion: Dataset of its champion.
        prompts: Dataset of the prompts that its teacher used.
        outputs: All datasets that it writes.
    """

    iteration: int
    evaluation: str
    champion: str
    prompts: str
    outputs: frozenset[str]


def _parts(pipeline: Pipeline, iteration: int) -> list[_Part]:
    """The iterations of a pipeline: one, or those of the unrolled one."""
    outputs = pipeline.all_outputs()
    if "champion" in outputs:
        return [_Part(iteration, "evaluation", "champion", "prompts_used", frozenset(outputs))]
    found = sorted(int(match[1]) for name in outputs if (match := re.fullmatch(r"iteration_(\d+)\.champion", name)))
    return [
        _Part(
            k,
            f"evaluation_{k}",
            f"iteration_{k}.champion",
            f"iteration_{k}.prompts_used",
            frozenset(
                name
                for name in outputs
                if name.startswith(f"iteration_{k}.") or name in (f"D_{k}", f"pi_{k}", f"evaluation_{k}")
            ),
        )
        for k in found
    ]


def _whole(run_params: dict[str, Any]) -> bool:
    names = set(run_params["pipeline_names"] or ["__default__"])
    return names in _WHOLE and not any(run_params[name] for name in _FILTERS)


def _loaded(catalog: CatalogProtocol[Any, Any], names: tuple[str, ...]) -> list[Any]:
    return [summary for name in names for summary in catalog.load(name)]


def _existing(catalog: CatalogProtocol[Any, Any], name: str) -> Path | None:
    dataset = catalog.get(name) if name in catalog else None
    if dataset is None or "filepath" not in dataset._describe():
        return None
    path = path_of(dataset)
    return path if path.exists() else None
