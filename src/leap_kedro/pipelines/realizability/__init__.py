"""What LEAP's theory names, measured once an iteration."""

from leap_kedro.pipelines.realizability.pipeline import create_pipeline

__all__ = ["create_pipeline"]
