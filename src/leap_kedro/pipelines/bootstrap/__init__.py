"""Stage 2: D_0 and pi_0, what the loop starts from."""

from leap_kedro.pipelines.bootstrap.pipeline import create_base_pipeline, create_history_pipeline, create_pipeline

__all__ = ["create_base_pipeline", "create_history_pipeline", "create_pipeline"]
