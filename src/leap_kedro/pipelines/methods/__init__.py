"""The comparison of methods: experiments that differ in nothing but how the student learns."""

from leap_kedro.pipelines.methods.pipeline import create_pipeline

__all__ = ["create_pipeline"]
