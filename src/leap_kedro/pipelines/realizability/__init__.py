"""What LEAP's theory names, measured once an iteration."""

from leap_kedro.pipelines.realizability.pipeline import create_experts_pipeline, create_pipeline

__all__ = ["create_experts_pipeline", "create_pipeline"]
