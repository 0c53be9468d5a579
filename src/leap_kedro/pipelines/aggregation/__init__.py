"""Stage 5: D_k, and the training set as a mix of D_0..D_k."""

from leap_kedro.pipelines.aggregation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
