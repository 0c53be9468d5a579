"""One iteration of the loop: the stages of the paper's figure, each a namespace.

Kedro's graph has no cycle: the pipeline is run once per k and reads earlier iterations from the dataset `history`.
"""

from kedro.pipeline import Pipeline

from leap_kedro.pipelines import (
    aggregation,
    bootstrap,
    correction,
    data_preparation,
    evaluation,
    realizability,
    reporting,
    rollout,
    training,
)


def stage(name: str, *parts: Pipeline) -> Pipeline:
    """Parts of one stage, as one box of kedro-viz that opens into its nodes; datasets keep their names."""
    whole = sum(parts, Pipeline([]))
    return Pipeline(whole, namespace=name, prefix_datasets_with_namespace=False)


def create_start() -> Pipeline:
    """The start of the loop: tasks, D_0, pi_0, and the evaluations of base and pi_0."""
    return stage(
        "bootstrap",
        data_preparation.create_pipeline(),
        bootstrap.create_pipeline(),
        bootstrap.create_base_pipeline(),
        bootstrap.create_history_pipeline("base_evaluation"),
    )


def create_iteration() -> Pipeline:
    """Everything from parameters to pi_k and the manifest of iteration k."""
    return (
        create_start()
        + stage("rollout", rollout.create_pipeline())
        + stage("correction", correction.create_pipeline())
        + stage("training", aggregation.create_pipeline(), training.create_pipeline())
        + stage(
            "evaluation",
            evaluation.create_pipeline(),
            evaluation.create_champion_pipeline(),
            realizability.create_pipeline(),
            reporting.create_pipeline(),
        )
    )
