"""A few episodes of an evaluation, and a few calls to a teacher, as MLflow traces, to be read in its viewer.

A trace costs about 40 ms and 0.16 s of writing in the background, so that a sample is logged and never all.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.records import CorrectedEpisode, Episode, Exchange
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


def log_teacher_calls(client: "MlflowClient", run: str, corrections: Sequence[CorrectedEpisode]) -> None:
    """Log each corrected episode whose calls were recorded as one trace of `run`: in it a span a call."""
    import mlflow

    recorded = [corrected for corrected in corrections if corrected.exchanges]
    if not recorded:
        return
    with active(client, run):
        for corrected in recorded:
            _log_lesson(corrected)
        mlflow.flush_trace_async_logging()


def _log_lesson(corrected: CorrectedEpisode) -> None:
    import mlflow

    teacher = corrected.corrections[0].teacher if corrected.corrections else "teacher"
    with mlflow.start_span(f"{teacher} on {corrected.episode}", span_type="AGENT") as root:
        root.set_inputs({"episode": corrected.episode})
        for exchange in corrected.exchanges:
            _log_exchange(exchange)
        root.set_outputs(
            {
                "corrections": [
                    {
                        "step": said.step + 1,
                        "verdict": said.verdict.value,
                        "reason": said.reason,
                        "action": said.action,
                        "rejection": said.rejection.value if said.rejection else None,
                        "leaked": said.leaked,
                    }
                    for said in corrected.corrections
                ],
                "faults": [{"what": fault.rejection.value, "detail": fault.detail} for fault in corrected.faults],
            }
        )
        mlflow.update_current_trace(tags={"leap.teacher": teacher, "leap.episode": corrected.episode})


def _log_exchange(exchange: Exchange) -> None:
    import mlflow

    about = "episode" if exchange.step is None else f"step {exchange.step + 1}"
    name = f"{about}, asked again" if exchange.attempt else about
    with mlflow.start_span(name, span_type="CHAT_MODEL") as span:
        span.set_inputs({"messages": [{"role": role, "content": text} for role, text in exchange.prompt]})
        span.set_outputs({"role": "assistant", "content": exchange.reply})
        span.set_attributes(
            {
                "finish": exchange.finish,
                "cached": exchange.cached,
                "prompt_tokens": exchange.prompt_tokens,
                "reply_tokens": exchange.reply_tokens,
            }
        )


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
