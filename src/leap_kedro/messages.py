"""What a user is told: errors without a traceback, and no advice of other programs that does not hold here."""

import logging

from leap_kedro.datasets.errors import StorageError
from leap_kedro.dry_run.stand_in import UnusableBase
from leap_kedro.environments.protocol import EnvironmentFailure, TaskDataError
from leap_kedro.evaluation.success import NothingMeasured
from leap_kedro.language_models import LanguageModelError
from leap_kedro.pipelines.ablation.nodes import NoSeedFinished
from leap_kedro.pipelines.baselines.nodes import NoExamples
from leap_kedro.pipelines.bootstrap.nodes import NoSuchBase
from leap_kedro.pipelines.data_preparation.nodes import TooFewTasks
from leap_kedro.pipelines.episodes import AllEpisodesBroken
from leap_kedro.pipelines.evaluation.saved import NoSuchPolicy
from leap_kedro.pipelines.training.nodes import NothingToLearn
from leap_kedro.policies.local import PolicyFolderError
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.policies.server_process import ServingFailed
from leap_kedro.policies.workers import WorkerFailure
from leap_kedro.prompts.select import TakesNoExamples
from leap_kedro.teachers.llm.prompts import PromptError
from leap_kedro.teachers.protocol import TeacherStopped
from leap_kedro.tracking.policies import UnknownPolicy
from leap_kedro.training.launch import TrainingFailed

TOLD = (
    AllEpisodesBroken,
    EnvironmentFailure,
    LanguageModelError,
    NoExamples,
    NoSuchBase,
    NoSeedFinished,
    NoSuchPolicy,
    NothingMeasured,
    NothingToLearn,
    PolicyFolderError,
    PolicyStopped,
    PromptError,
    ServingFailed,
    StorageError,
    TakesNoExamples,
    TaskDataError,
    TeacherStopped,
    TooFewTasks,
    TrainingFailed,
    UnknownPolicy,
    UnusableBase,
    WorkerFailure,
)
"""Errors whose message says all that a user needs: shown without a traceback."""

_DROPPED = ("You can resume the pipeline run", "Workflow tracking is disabled")


class _NoHints(logging.Filter):
    """Drops advice that does not hold here.

    Kedro's to continue with ``--from-nodes``, which would redo what the same command keeps; kedro-viz' that it keeps no
    times of a part of a pipeline, which the ablation runs many of.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the message is shown."""
        text = record.getMessage()
        return not any(hint in text for hint in _DROPPED)


_NO_HINTS = _NoHints()


def drop_hints() -> None:
    """Keep that advice out of the log from here on."""
    for name in ("kedro.runner.sequential_runner", "kedro_viz.integrations.kedro.run_hooks"):
        logging.getLogger(name).addFilter(_NO_HINTS)
