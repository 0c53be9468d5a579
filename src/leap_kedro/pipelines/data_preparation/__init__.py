"""Stage 1: the tasks for training, validation and test."""

from leap_kedro.pipelines.data_preparation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
