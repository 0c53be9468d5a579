"""The Kedro session of the loop: which iteration, may it run, and does it continue.

Before a run of the loop it checks all parameters, takes the experiment's lock, compares the parameters with those that
the experiment was begun with, finds the iteration, and has Kedro run only what is missing, so that the same command
begins, continues and extends an experiment.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.io import AbstractDataset, CatalogConfigResolver, DataCatalog
from kedro.pipeline import Pipeline
from kedro.runner import AbstractRunner, SequentialRunner

from leap_kedro.configuration import parameter_files
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.experiments.lock import locked
from leap_kedro.experiments.record import check_parameters
from leap_kedro.messages import as_user_errors, drop_hints
from leap_kedro.pipelines.ablation.pipeline import SEED_PARTS, SUMMARY
from leap_kedro.pipelines.baselines.parameters import BaselineOptions
from leap_kedro.pipelines.baselines.pipeline import OWN
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.parameters import LeapParameters, check, digest, recorded
from leap_kedro.pipelines.students import check_students

LOOP = frozenset(
    {
        "__default__",
        "leap_iteration",
        "leap",
        "data_preparation",
        "bootstrap",
        "rollout",
        "correction",
        "aggregation",
        "training",
        "realizability",
    }
)
"""Pipelines that belong to an iteration of an experiment."""

ABLATION = "realizability_ablation"
BASELINES = "baselines"

REHEARSED = ("teacher_prompts", "language_model_access")
"""Catalog entries that a dry run reads."""

_SELECTIONS = {
    "node_names": "node_names",
    "from_nodes": "from_nodes",
    "to_nodes": "to_nodes",
    "from_inputs": "from_inputs",
    "to_outputs": "to_outputs",
    "namespaces": "node_namespaces",
}
"""Arguments of `KedroSession.run` that choose nodes -> those of `Pipeline.filter`."""

logger = logging.getLogger(__name__)


class LeapSession(KedroSession):
    """A session that knows experiments and iterations."""

    def run(  # type: ignore[override]
        self,
        pipeline_name: str | None = None,
        pipeline_names: list[str] | None = None,
        tags: Iterable[str] | None = None,
        runner: AbstractRunner | None = None,
        only_missing_outputs: bool = False,
        **filters: Any,
    ) -> dict[str, Any]:
        """Run pipelines; arguments as in `KedroSession.run`.

        Raises:
            UserError: If the parameters are wrong or not those of the experiment, the experiment is in use, the
                iteration before is missing, or anything else fails that the user can fix.
        """
        names = pipeline_names or ([pipeline_name] if pipeline_name else ["__default__"])
        if runner is not None and not isinstance(runner, SequentialRunner):
            raise RunRefused(
                f"{type(runner).__name__} is not supported: MLflow's runs would mix. Leave --runner out; the work is "
                "spread over processes inside the nodes (rollout.processes, fine_tuning.processes)."
            )
        with as_user_errors(self._data):
            parameters = self._checked_parameters()
            _check_names(names)
            if parameters.options.get("dry_run"):
                return self._rehearse(parameters, names)
            chosen = {wanted: filters[name] for name, wanted in _SELECTIONS.items() if filters.get(name)}
            check_students(parameters, names, tags, chosen)
            if "evaluation" in names:
                self._name_report(parameters)
            if ABLATION in names:
                whole = len(names) == 1 and not tags and not any(filters.get(name) for name in _SELECTIONS)
                return self._run_ablation(parameters, whole)
            if names == [BASELINES] and not tags and not any(filters.get(name) for name in _SELECTIONS):
                return self._run_baselines(parameters)
            if not LOOP.intersection(names):
                # The base model's folder is named by the one, the evaluation's by the other.
                self._pass_on(environment=parameters.environment, experiment=self._folders(parameters).name)
                return super().run(
                    pipeline_names=names,
                    tags=tags,
                    runner=runner,
                    only_missing_outputs=only_missing_outputs,
                    **filters,
                )
            experiment = self._folders(parameters)
            with locked(experiment):
                iteration = self._iteration(experiment, parameters)
                self._begin(experiment, parameters, iteration=iteration)
                logger.info("Experiment '%s', iteration %d", experiment.name, iteration)
                given = {name: filters.pop(name, None) for name in _SELECTIONS}
                selection = {name: value for name, value in given.items() if value}
                selected = self._selected(names, tags, selection) if tags or selection else None
                return super().run(
                    pipeline_names=names,
                    node_names=selected,
                    runner=runner,
                    only_missing_outputs=only_missing_outputs or not selected,
                    **filters,
                )

    def _rehearse(self, parameters: LeapParameters, names: Sequence[str]) -> dict[str, Any]:
        """An iteration in a temporary folder, without a Kedro context: no experiment, no MLflow."""
        from leap_kedro.dry_run.rehearsal import rehearse
        from leap_kedro.dry_run.report import show
        from leap_kedro.dry_run.stand_in import read_config

        others = sorted(set(names) - LOOP)
        if others:
            raise RunRefused(
                f"`options.dry_run` goes through an iteration of the loop, and {', '.join(others)} is no part of it: "
                "leave `options.dry_run` out, or take --pipelines=leap_iteration."
            )
        entries = {name: AbstractDataset.from_config(name, self._resolver.config[name]) for name in REHEARSED}
        prompts, access = (entries[name].load() for name in REHEARSED)
        with TemporaryDirectory(prefix="leap-dry-run-") as folder:
            found = rehearse(parameters, prompts, access, Path(folder))
        show(found, parameters, read_config(found.base))
        return {}

    def _begin(self, experiment: Experiment, parameters: LeapParameters, **values: Any) -> None:
        """Refuse parameters that the experiment was not begun with; have the catalog know its name and the values."""
        kept = recorded(parameters)
        check_parameters(experiment, kept, digest(kept), self._options)
        self._pass_on(experiment=experiment.name, **values)
        drop_hints()

    def _run_ablation(self, parameters: LeapParameters, whole: bool) -> dict[str, Any]:
        """All seeds, part by part, each in a session of its own; at the end, in this one, the summary."""
        experiment = self._folders(parameters)
        if not whole:
            raise RunRefused(
                f"{ABLATION} runs alone and as a whole; it repeats nothing that is finished. Leave other pipelines and "
                "the choice of nodes out. To make one level of a seed anew, delete its folder and results.json in "
                f"{experiment.ablation_folder(parameters.seed)}."
            )
        with locked(experiment):
            self._begin(experiment, parameters)
            count = int(parameters.options.get("seeds", 3))
            for seed in range(parameters.seed, parameters.seed + count):
                if (experiment.ablation_folder(seed) / "results.json").is_file():
                    continue
                for part in SEED_PARTS:
                    logger.info("Ablation, seed %d (of %d from %d), %s", seed, count, parameters.seed, part)
                    given = {**(self._store.get("runtime_params") or {}), "seed": seed}
                    nodes = self._selected([ABLATION], [part], {})
                    session = self._another(given)
                    with session:
                        KedroSession.run(
                            session, pipeline_names=[ABLATION], node_names=nodes, only_missing_outputs=True
                        )
            return super().run(pipeline_names=[ABLATION], tags=[SUMMARY])

    def _run_baselines(self, parameters: LeapParameters) -> dict[str, Any]:
        """What is missing of the loop's start, in a session of its own; then, in this one, what the baselines owe."""
        read_options(BaselineOptions, parameters.options)
        experiment = self._folders(parameters)
        with locked(experiment):
            self._begin(experiment, parameters)
            pipelines.set_requested([BASELINES])
            start = [node.name for node in pipelines[BASELINES].nodes if OWN not in node.tags]
            session = self._another(self._store.get("runtime_params") or {})
            with session:
                KedroSession.run(session, pipeline_names=[BASELINES], node_names=start, only_missing_outputs=True)
            return super().run(pipeline_names=[BASELINES], tags=[OWN])

    def _another(self, runtime_parameters: dict[str, Any]) -> KedroSession:
        """A session for a part of what this one does: Kedro allows one run a session."""
        return type(self).create(
            self._project_path,
            env=self._store.get("env"),
            runtime_params=runtime_parameters,
            conf_source=self._conf_source,
        )

    def experiment(self) -> Experiment:
        """The experiment that the session's parameters name. Raises `UserError` if they are wrong."""
        return self._folders(self._checked_parameters())

    def _folders(self, parameters: LeapParameters) -> Experiment:
        return Experiment(self._data, parameters.experiment)

    @property
    def _data(self) -> Path:
        return self._project_path / "data"

    @property
    def _options(self) -> str:
        """The option that a command in a message needs to mean the same environment."""
        env = self._store.get("env")
        return f" --env={env}" if env else ""

    def _checked_parameters(self) -> LeapParameters:
        return check(self._get_config_loader()["parameters"], self._origin)

    def _iteration(self, experiment: Experiment, parameters: LeapParameters) -> int:
        following = experiment.next_iteration()
        iteration = parameters.iteration or following
        if iteration > following:
            raise RunRefused(
                f"Iteration {iteration} of experiment '{experiment.name}' needs iteration {iteration - 1}, which is "
                f"not finished; the next one to run is {following}. Run it:  kedro run{self._options} "
                f"--pipelines=leap_iteration --params=experiment={experiment.name}   or all up to {iteration}:  "
                f"kedro leap run{self._options} --experiment={experiment.name} --iterations={iteration}"
            )
        return iteration

    def _selected(self, names: list[str], tags: Iterable[str] | None, selection: dict[str, Any]) -> list[str]:
        """The nodes asked for, and those that make what these need and no file keeps (the parent policy, say)."""
        pipelines.set_requested(names)
        whole = sum((pipelines[name] for name in names), Pipeline([]))
        try:
            chosen = whole.filter(tags=tags, **{_SELECTIONS[name]: value for name, value in selection.items()})
        except ValueError as error:
            raise RunRefused(f"{error} What there is:  kedro registry describe {names[0]}") from error
        resolver = self._resolver
        unkept = {
            name
            for name in chosen.inputs() - whole.inputs()
            if name not in resolver.config and not resolver.match_dataset_pattern(name)
        }
        return [node.name for node in whole.nodes if node in chosen.nodes or unkept.intersection(node.outputs)]

    @cached_property
    def _resolver(self) -> CatalogConfigResolver:
        """Says what the catalog has. Reading it takes half a second, and the ablation asks for each part."""
        return CatalogConfigResolver(
            dict(self._get_config_loader()["catalog"]), default_runtime_patterns=DataCatalog.default_runtime_patterns
        )

    def _name_report(self, parameters: LeapParameters) -> None:
        chosen = read_options(EvaluateOptions, parameters.options)
        name = chosen.report or f"{chosen.policy or 'all'}_on_{chosen.split or 'validation'}"
        given = (self._store.get("runtime_params") or {}).get("options") or {}
        self._pass_on(options={**given, "report": re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.")[-120:]})

    def _pass_on(self, **values: Any) -> None:
        self._store["runtime_params"] = {**(self._store.get("runtime_params") or {}), **values}

    def _origin(self, path: str) -> str:
        if _has(self._store.get("runtime_params") or {}, path):
            return "given by --params"
        conf, environment = Path(self._conf_source), str(self._get_config_loader()["parameters"].get("environment"))
        for file in parameter_files(conf, self._store.get("env") or "local", environment):
            if _has(yaml.safe_load(file.read_text(encoding="utf-8")) or {}, path):
                return f"conf/{file.relative_to(conf).as_posix()}"
        return "conf/base/parameters.yml"


def _check_names(names: Sequence[str]) -> None:
    pipelines.set_requested(list(names))
    for name in names:
        try:
            pipelines[name]
        except (KeyError, ValueError) as error:
            raise RunRefused(f"There is no pipeline '{name}'. What there is:  kedro registry list") from error


def _has(tree: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(tree, dict) or name not in tree:
            return False
        tree = tree[name]
    return True
