"""The pipelines by name: what `kedro registry list` shows."""

from kedro.pipeline import Pipeline

from leap_kedro.pipelines import (
    ablation,
    aggregation,
    base_model,
    baselines,
    correction,
    data_preparation,
    methods,
    realizability,
    rollout,
    training,
)
from leap_kedro.pipelines.evaluation.saved import create_pipeline as create_saved_evaluation
from leap_kedro.pipelines.iteration import create_iteration, create_start, stage


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines; the default is one iteration of the loop."""
    iteration = create_iteration()
    return {
        "__default__": iteration,
        "leap_iteration": iteration,
        "data_preparation": stage("bootstrap", data_preparation.create_pipeline()),
        "bootstrap": create_start(),
        "rollout": stage("rollout", rollout.create_pipeline()),
        "correction": stage("correction", correction.create_pipeline()),
        "aggregation": stage("training", aggregation.create_pipeline()),
        "training": stage("training", training.create_pipeline()),
        "realizability": stage("evaluation", realizability.create_pipeline()),
        "realizability_ablation": ablation.create_pipeline(),
        "methods": methods.create_pipeline(),
        "baselines": baselines.create_pipeline(),
        "base_model": base_model.create_pipeline(),
        "evaluation": create_saved_evaluation(),
    }
