"""Baselines: other players on the tasks of the loop's policies, with the same cap on actions."""

from leap_kedro.pipelines.baselines.pipeline import create_pipeline

__all__ = ["create_pipeline"]
