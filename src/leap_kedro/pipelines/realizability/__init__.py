"""The quantities of LEAP's theory, measured once per iteration."""

from leap_kedro.pipelines.realizability.pipeline import create_pipeline

__all__ = ["create_pipeline"]
