"""Stage 6: pi_k, fine-tuned from pi_{k-1} on the mix."""

from leap_kedro.pipelines.training.pipeline import create_pipeline

__all__ = ["create_pipeline"]
