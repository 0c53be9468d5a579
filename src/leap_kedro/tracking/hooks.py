"""Kedro hooks that track every run in MLflow.

kedro-mlflow reads `mlflow.yml`, sets the server, its credentials and the experiment up (`connection.py`), and keeps its
commands. Its own hooks are switched off, because they connect whatever the command, log every parameter of every node
(no allow-list; a pydantic model as one string), fail when a continued run has a parameter changed, and write runtime
parameters as tags.

MLflow that fails while a run is under way stops it with a message, at the next thing to be logged: what is finished is
on disk, and the same command continues and logs what is missing. A run that fails for another reason says that reason.
"""

import atexit
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
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
from leap_kedro.tracking.configuration import impatient
from leap_kedro.tracking.connection import configure
from leap_kedro.tracking.failures import MlflowFailed, told
from leap_kedro.tracking.losses import LossStream
from leap_kedro.tracking.models import Answering
from leap_kedro.tracking.parameters import TrackingParameters, digest, loggable
from leap_kedro.tracking.recorder import Recorder
from leap_kedro.tracking.runs import ExperimentRuns, runs_of
from leap_kedro.training.watching import watched_by

_DIGEST_TAG = "leap.parameters_digest"
_CHANGED_TAG = "leap.changed."
_HISTORY = "policy_history"  # dataset

logger = logging.getLogger(__name__)


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
        """Keep the context, and read `mlflow.yml` and `tracking.yml`. MLflow is not asked yet."""
        self._close("KILLED")  # what Ctrl-C left open in a process that lives on, a notebook's
        self._context = context
        configure(context)
        loader = context.config_loader
        if isinstance(loader, OmegaConfigLoader):
            loader.config_patterns.setdefault("tracking", ["tracking*"])
        with suppress(MissingConfigException):
            self._parameters = TrackingParameters.model_validate(loader["tracking"])

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Connect to MLflow, find or make the runs and open them."""
        context = self._context
        if context is None:
            raise RuntimeError("TrackingHooks needs Kedro's after_context_created before a pipeline runs.")
        names = run_params.get("pipeline_names") or ["__default__"]
        configuration = context.mlflow  # type: ignore[attr-defined]
        if set(names) <= set(configuration.tracking.disable_tracking.pipelines):
            return
        runs = runs_of(context, str(context.config_loader["parameters"]["experiment"]))
        with told(configuration.server.mlflow_tracking_uri, started=False):
            self._session = _TrackedSession(context, runs, self._parameters, names, pipeline, catalog)
        atexit.register(self._close, "KILLED")

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Log the loss of a node that trains while it does."""
        with self._logging() as session:
            if session:
                session.begin(node)

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
        with self._logging() as session:
            if session:
                session.saved(dataset_name)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Log what an interrupted run has left unlogged, and close the runs."""
        with self._logging() as session:
            if session:
                session.log_missing()
                session.close("FINISHED")
        self._forget()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Close the runs as failed."""
        self._close("FAILED")

    @contextmanager
    def _logging(self) -> Iterator["_TrackedSession | None"]:
        """The session to log to. When MLflow fails, it is given up: nobody waits for MLflow once more."""
        session = self._session
        if session is None:
            yield None
            return
        try:
            with told(session.uri, started=True):
                yield session
        except MlflowFailed:
            self._forget()
            with impatient(), suppress(Exception):  # what a server does that has failed already
                session.close("FAILED")
            raise

    def _close(self, status: str) -> None:
        """Close the runs after an error or an interruption, which MLflow that fails, too, must not hide."""
        session = self._forget()
        if session is None:
            return
        try:
            with impatient(), told(session.uri, started=True):
                session.close(status)
        except MlflowFailed as error:
            logger.warning("The runs in MLflow stay RUNNING until the same command goes on: %s", error)

    def _forget(self) -> "_TrackedSession | None":
        atexit.unregister(self._close)
        session, self._session = self._session, None
        return session


class _TrackedSession:
    """One Kedro run with its MLflow runs open."""

    def __init__(
        self,
        context: KedroContext,
        runs: ExperimentRuns,
        settings: TrackingParameters,
        names: list[str],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        import mlflow

        parameters = context.config_loader["parameters"]
        self._catalog = catalog
        self._entries = tracked_outputs(catalog, pipeline.all_outputs())
        self.uri: str = context.mlflow.server.mlflow_tracking_uri  # type: ignore[attr-defined]
        self._runs = runs
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
        # MLflow forgets its active run before it tells the server.
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
