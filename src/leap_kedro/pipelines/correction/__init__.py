"""Stage 4: the teacher, which sees the privileged state, corrects each step of the student."""

from leap_kedro.pipelines.correction.pipeline import create_pipeline

__all__ = ["create_pipeline"]
