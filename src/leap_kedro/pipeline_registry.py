"""The pipelines by name, written out: what `kedro registry list` shows."""

from kedro.pipeline import Pipeline

from leap_kedro.pipelines import (
    ablation,
    aggregation,
    base_model,
    baselines,
    bootstrap,
    correction,
    data_preparation,
    realizability,
    rollout,
    training,
)
from leap_kedro.pipelines.evaluation.saved import create_pipeline as create_saved_evaluation
from leap_kedro.pipelines.leap.pipeline import create_iteration, create_recall, create_unrolled

UNROLLED_ITERATIONS = 3
"""Iterations that the pipeline `leap` shows."""


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines; the default is one iteration of the loop."""
    iteration = create_iteration()
    recall = create_recall()
    parent = recall.only_nodes("recall_parent")
    base = bootstrap.create_base_pipeline()
    return {
        "__default__": iteration,
        "leap_iteration": iteration,
        "leap": create_unrolled(UNROLLED_ITERATIONS),
        "data_preparation": data_preparation.create_pipeline(),
        "bootstrap": bootstrap.create_pipeline(),
        "rollout": parent + rollout.create_pipeline(),
        "correction": parent + correction.create_pipeline() + correction.create_export_pipeline(),
        "aggregation": recall.only_nodes("recall_examples") + aggregation.create_pipeline(),
        "training": parent + base + training.create_pipeline(),
        "realizability": recall.only_nodes("recall_policies") + realizability.create_pipeline(),
        "realizability_ablation": ablation.create_pipeline(),
        "baselines": baselines.create_pipeline(),
        "base_model": base_model.create_pipeline(),
        "evaluation": create_saved_evaluation(),
    }
