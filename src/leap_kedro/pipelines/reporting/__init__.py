"""Stage 8: plots, tables, a page of episodes, and the manifest."""

from leap_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
