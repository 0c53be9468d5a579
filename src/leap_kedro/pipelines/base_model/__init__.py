"""The base of the embedded student: a model that is trained to read transcripts and is shipped with the package."""

from leap_kedro.pipelines.base_model.pipeline import create_pipeline

__all__ = ["create_pipeline"]
