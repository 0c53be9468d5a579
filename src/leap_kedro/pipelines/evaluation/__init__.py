"""Stage 7: a policy on tasks that no training has seen, without privileged state."""

from leap_kedro.pipelines.evaluation.pipeline import create_champion_pipeline, create_pipeline

__all__ = ["create_champion_pipeline", "create_pipeline"]
