"""The realizability ablation: the same rollouts corrected at five privilege levels, over several seeds."""

from leap_kedro.pipelines.ablation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
