"""Stage 7: a policy plays held-out tasks, without privileged state."""

from leap_kedro.pipelines.evaluation.pipeline import create_champion_pipeline, create_pipeline

__all__ = ["create_champion_pipeline", "create_pipeline"]
