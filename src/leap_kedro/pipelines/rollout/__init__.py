"""Stage 3: the student plays training tasks, alone, whole episodes."""

from leap_kedro.pipelines.rollout.pipeline import create_pipeline

__all__ = ["create_pipeline"]
