"""Stage 3: the student plays whole episodes of training tasks, without a teacher."""

from leap_kedro.pipelines.rollout.pipeline import create_pipeline

__all__ = ["create_pipeline"]
