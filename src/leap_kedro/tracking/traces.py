"""A few episodes of an evaluation as MLflow traces, to be read step by step in its viewer.

A trace costs about 40 ms and 0.16 s of writing in the background, so that a sample is logged and never all.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.records import Episode
from leap_kedro.tracking.runs import active

if TYPE_CHECKING:
    from mlflow import MlflowClient


def log_traces(client: "MlflowClient", run: str, episodes: Sequence[Episode]) -> None:
    """Log each episode as one trace of `run`: a span an episode, and in it one a decision."""
    import mlflow

    if not episodes:
        return
    with active(client, run):
        for episode in episodes:
            _log_trace(episode)
        mlflow.flush_trace_async_logging()


def _log_trace(episode: Episode) -> None:
    import mlflow

    with mlflow.start_span(f"{episode.policy} {episode.task.id}", span_type="AGENT") as root:
        root.set_inputs({"goal": episode.task.goal, "opening": episode.opening})
        for number, step in enumerate(episode.steps, start=1):
            with mlflow.start_span(f"step {number}: {step.action or step.parse_status.value}", span_type="LLM") as span:
                span.set_inputs({"observation": step.observation, "admissible": step.admissible})
                span.set_outputs({"reason": step.reason, "action": step.action})
                span.set_attributes(
                    {"accepted": step.accepted, "parse_status": step.parse_status.value, "score": step.score}
                )
        root.set_outputs({"success": episode.success, "stop": episode.stop.value, "score": episode.score})
        mlflow.update_current_trace(
            tags={
                "leap.policy": episode.policy,
                "leap.split": episode.task.split,
                "leap.kind": episode.task.kind,
                "leap.success": str(episode.success).lower(),
                "leap.stop": episode.stop.value,
            }
        )
