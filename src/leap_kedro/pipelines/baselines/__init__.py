"""What a policy of the loop is compared with, on the same tasks with the same cap on actions."""

from leap_kedro.pipelines.baselines.pipeline import create_pipeline

__all__ = ["create_pipeline"]
