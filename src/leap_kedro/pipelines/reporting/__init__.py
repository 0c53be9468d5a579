"""Stage 8: plots and a page of episodes, for people."""

from leap_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
