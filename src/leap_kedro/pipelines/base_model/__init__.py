"""The embedded student's base: a reader, trained before anything acts. Its result is shipped with the package."""

from leap_kedro.pipelines.base_model.pipeline import create_pipeline

__all__ = ["create_pipeline"]
