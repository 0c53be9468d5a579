"""A few episodes of an evaluation, and a few calls to a teacher, as MLflow traces.

A trace costs about 40 ms and 0.16 s of writing in the background, so only a sample is logged.
"""

from collections.abc import Sequence

from leap_kedro.evaluation.sampling import sample
from leap_kedro.records import CorrectedEpisode, Episode, Exchange

_RUN = "mlflow.sourceRun"  # MLflow's key for the run that a trace belongs to


def log_traces(run: str, records: Sequence[Episode | CorrectedEpisode], count: int) -> None:
    """Log a sample of `count` episodes, or all corrected episodes whose calls were recorded, one trace each."""
    import mlflow

    for episode in sample([each for each in records if isinstance(each, Episode)], count):
        _log_episode(run, episode)
    for corrected in records:
        if isinstance(corrected, CorrectedEpisode) and corrected.exchanges:
            _log_teaching(run, corrected)
    if records:
        mlflow.flush_trace_async_logging()


def _log_episode(run: str, episode: Episode) -> None:
    """A span for the episode, with one inner span per decision."""
    import mlflow

    with mlflow.start_span(f"{episode.policy} {episode.task.id}", span_type="AGENT") as root:
        root.set_inputs({"goal": episode.task.goal, "opening": episode.opening})
        for number, step in enumerate(episode.steps, start=1):
            with mlflow.start_span(f"step {number}: {step.action or step.parse_status.value}", span_type="LLM") as span:
                span.set_inputs({"observation": step.observation, "admissible": step.admissible})
                span.set_outputs({"reason": step.reason, "action": step.action})
                how = {"accepted": step.accepted, "parse_status": step.parse_status.value, "score": step.score}
                span.set_attributes(how)
        root.set_outputs({"success": episode.success, "stop": episode.stop.value, "score": episode.score})
        tags = {
            "leap.policy": episode.policy,
            "leap.split": episode.task.split,
            "leap.kind": episode.task.kind,
            "leap.success": str(episode.success).lower(),
            "leap.stop": episode.stop.value,
        }
        mlflow.update_current_trace(tags=tags, metadata={_RUN: run})


def _log_teaching(run: str, corrected: CorrectedEpisode) -> None:
    """A span for the corrected episode, with one inner span per call to the teacher."""
    import mlflow

    teacher = corrected.corrections[0].teacher if corrected.corrections else "teacher"
    with mlflow.start_span(f"{teacher} on {corrected.episode}", span_type="AGENT") as root:
        root.set_inputs({"episode": corrected.episode})
        for exchange in corrected.exchanges:
            _log_exchange(exchange)
        corrections = [
            {
                "step": said.step + 1,
                "verdict": said.verdict.value,
                "reason": said.reason,
                "action": said.action,
                "rejection": said.rejection.value if said.rejection else None,
                "leaked": said.leaked,
            }
            for said in corrected.corrections
        ]
        faults = [{"what": fault.rejection.value, "detail": fault.detail} for fault in corrected.faults]
        root.set_outputs({"corrections": corrections, "faults": faults})
        tags = {"leap.teacher": teacher, "leap.episode": corrected.episode}
        mlflow.update_current_trace(tags=tags, metadata={_RUN: run})


def _log_exchange(exchange: Exchange) -> None:
    import mlflow

    about = "episode" if exchange.step is None else f"step {exchange.step + 1}"
    with mlflow.start_span(f"{about}, asked again" if exchange.attempt else about, span_type="CHAT_MODEL") as span:
        span.set_inputs({"messages": [{"role": role, "content": text} for role, text in exchange.prompt]})
        span.set_outputs({"role": "assistant", "content": exchange.reply})
        attributes = ("finish", "cached", "prompt_tokens", "reply_tokens")
        span.set_attributes({name: getattr(exchange, name) for name in attributes})
