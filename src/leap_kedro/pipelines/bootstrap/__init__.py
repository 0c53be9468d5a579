"""Stage 2: D_0 and pi_0, with which the loop starts."""

from leap_kedro.pipelines.bootstrap.pipeline import create_base_pipeline, create_history_pipeline, create_pipeline

__all__ = ["create_base_pipeline", "create_history_pipeline", "create_pipeline"]
