"""Kedro hooks that track every run in MLflow.

kedro-mlflow reads `mlflow.yml`, sets the server, its credentials and the experiment up, and keeps its commands. Its own
run logging is switched off for each run, because it logs every parameter of every node (no allow-list; a pydantic model
as one string), fails when a continued run has a parameter changed, and writes runtime parameters as tags.
"""

import atexit
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from leap_kedro.tracking.ablation import AblationRecorder
from leap_kedro.tracking.catalog import Tracked, path_of, tracked_outputs, training_folders
from leap_kedro.tracking.configuration import make_database, register_resolvers
from leap_kedro.tracking.losses import LossStream
from leap_kedro.tracking.models import Answering
from leap_kedro.tracking.parameters import TrackingParameters, digest, loggable
from leap_kedro.tracking.recorder import Recorder
from leap_kedro.tracking.runs import runs_of
from leap_kedro.training.watching import watched_by

_DIGEST_TAG = "leap.parameters_digest"
_CHANGED_TAG = "leap.changed."
_HISTORY = "policy_history"  # dataset


class TrackingHooks:
    """Opens the runs of an experiment and its iteration, logs what nodes finish, and closes them.

    A run that ends by an error is FAILED, by Ctrl-C KILLED; one ended by SIGKILL stays RUNNING. The same command finds
    the same runs again by their tags and continues them.
    """

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._parameters = TrackingParameters()
        self._session: _TrackedSession | None = None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context, read `tracking.yml`, and let kedro-mlflow, whose turn is next, read `mlflow.yml`."""
        self._close("KILLED")  # what Ctrl-C left open in a process that lives on, a notebook's
        self._context = context
        register_resolvers(context.project_path)
        loader = context.config_loader
        if isinstance(loader, OmegaConfigLoader):
            loader.config_patterns.setdefault("tracking", ["tracking*"])
            loader.config_patterns.setdefault("mlflow", ["mlflow*"])
        with suppress(MissingConfigException):
            make_database((loader["mlflow"].get("server") or {}).get("mlflow_tracking_uri") or "")
        with suppress(MissingConfigException):
            self._parameters = TrackingParameters.model_validate(loader["tracking"])

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Find or make the runs and open them."""
        context = self._context
        if context is None:
            raise RuntimeError("TrackingHooks needs Kedro's after_context_created before a pipeline runs.")
        names = run_params.get("pipeline_names") or ["__default__"]
        switched_off = context.mlflow.tracking.disable_tracking  # type: ignore[attr-defined]
        if set(names) <= set(switched_off.pipelines):
            return
        switched_off.pipelines = list(names)
        self._session = _TrackedSession(context, self._parameters, names, pipeline, catalog)
        atexit.register(self._close, "KILLED")

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Log the loss of a node that trains while it does."""
        if self._session:
            self._session.begin(node)

    @hook_impl
    def after_node_run(self) -> None:
        """End the log of the loss."""
        if self._session:
            self._session.end()

    @hook_impl
    def on_node_error(self) -> None:
        """End the log of the loss."""
        if self._session:
            self._session.end()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Log a dataset once it is complete."""
        if self._session:
            self._session.saved(dataset_name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Log what an interrupted run has left unlogged, and close the runs."""
        if self._session:
            self._session.log_missing()
        self._close("FINISHED")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Close the runs as failed."""
        self._close("FAILED")

    def _close(self, status: str) -> None:
        atexit.unregister(self._close)
        session, self._session = self._session, None
        if session:
            session.close(status)


class _TrackedSession:
    """One Kedro run with its MLflow runs open."""

    def __init__(
        self,
        context: KedroContext,
        settings: TrackingParameters,
        names: list[str],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        import mlflow

        parameters = context.config_loader["parameters"]
        self._catalog = catalog
        self._entries = tracked_outputs(catalog, pipeline.all_outputs())
        self._runs = runs_of(context, str(parameters["experiment"]))
        self._values = loggable(parameters, settings.logged_parameters)
        self._digest = digest(parameters)
        self._recorder = self._recorder_for(names, parameters, settings)
        self._opened: list[str] = []
        self._streams = ExitStack()
        for run, own in self._recorder.runs_at_start().items():
            self._open(run, own)
        mlflow.start_run(run_id=self._opened[0], nested=True)

    def begin(self, node: Node) -> None:
        for name, entry in training_folders(self._catalog, node.inputs).items():
            self._open_run_of(entry)
            run, folder = self._recorder.run_of(entry), path_of(self._catalog.get(name))
            stream = LossStream(self._runs.client, run, entry.name or name, folder)
            self._streams.callback(stream.close)
            self._streams.enter_context(watched_by(stream))

    def end(self) -> None:
        self._streams.close()

    def saved(self, name: str) -> None:
        entry = self._entries.get(name)
        # A store that grows is saved many times; it exists when it is complete.
        if entry and self._catalog.exists(name):
            self._open_run_of(entry)
            self._recorder.log(name, entry, self._catalog.get(name))

    def log_missing(self) -> None:
        for name, entry in self._entries.items():
            if self._catalog.exists(name):
                self._open_run_of(entry)
        self._recorder.log_missing(self._entries, self._catalog)

    def close(self, status: str) -> None:
        import mlflow

        self.end()
        mlflow.end_run(status)
        for run in self._opened:
            self._runs.close(run, status)

    def _open_run_of(self, entry: Tracked) -> None:
        """The unrolled loop has datasets of several iterations, the ablation of several privilege levels."""
        self._open(self._recorder.run_of(entry), self._recorder.own_parameters(entry))

    def _open(self, run: str, own: Mapping[str, str | None]) -> None:
        if run in self._opened:
            return
        self._opened.append(run)
        self._runs.open(run)
        self._log_parameters(run, own)

    def _recorder_for(
        self, names: list[str], parameters: dict[str, Any], settings: TrackingParameters
    ) -> Recorder | AblationRecorder:
        if set(names) == {"realizability_ablation"}:
            return AblationRecorder(self._runs, int(parameters["seed"]))
        return Recorder(
            self._runs,
            int(parameters.get("iteration") or 0),
            self._run_by_hand(names, parameters),
            settings.traced_episodes,
            _answering(parameters),
            self._policies,
        )

    def _policies(self) -> Mapping[int, Path]:
        """Folders of the policies on disk, by iteration."""
        history = self._catalog.load(_HISTORY) if _HISTORY in self._catalog else {}
        return {iteration: policy.folder for iteration, policy in history.items()}

    def _run_by_hand(self, names: list[str], parameters: dict[str, Any]) -> str | None:
        if set(names) == {"base_model"}:
            return self._runs.base_model(str(parameters["environment"]))
        chosen = parameters.get("evaluation") or {}
        if set(names) == {"evaluation"}:
            policy, split = chosen.get("policy") or "all policies", chosen.get("split") or "validation"
            return self._runs.evaluation(str(policy), str(split))
        return None

    def _log_parameters(self, run: str, own: Mapping[str, str | None]) -> None:
        """Parameters of a run cannot be changed in MLflow: what a continued run changes becomes a tag.

        On the parent, too: it is what MLflow compares experiments by.
        """
        from mlflow.entities import Param, RunTag

        client = self._runs.client
        logged = client.get_run(run).data.params
        changed = {name: own.get(name, value) for name, value in self._values.items()}
        values = {name: value for name, value in changed.items() if value is not None}
        client.log_batch(
            run,
            params=[Param(name, value) for name, value in values.items() if name not in logged],
            tags=[
                RunTag(_CHANGED_TAG + name, value) for name, value in values.items() if logged.get(name, value) != value
            ]
            + [RunTag(_DIGEST_TAG, self._digest)],
        )


def _answering(parameters: dict[str, Any]) -> Answering:
    """As in the evaluation that the policy's figures come from."""
    default, evaluation = Answering(), parameters.get("evaluation") or {}
    return Answering(
        environment=str(parameters.get("environment", default.environment)),
        hold_to_admissible=bool(evaluation.get("hold_to_admissible", default.hold_to_admissible)),
        max_new_tokens=int(evaluation.get("max_reply_tokens", default.max_new_tokens)),
    )
