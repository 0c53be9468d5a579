"""Rollouts, corrections, policies -> the quantities of the theory."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.realizability.nodes import measure_experts, measure_realizability

_WHERE = ["params:environment", "params:environments"]


def create_experts_pipeline() -> Pipeline:
    """Validation tasks -> success of the teacher and of the experts; the same in all iterations."""
    return Pipeline(
        [
            Node(
                measure_experts,
                inputs=["validation_tasks", "params:correction", "params:evaluation", *_WHERE],
                outputs="expert_success",
                name="measure_experts",
            )
        ]
    )


def create_pipeline() -> Pipeline:
    """What one iteration made -> its realizability."""
    return Pipeline(
        [
            Node(
                measure_realizability,
                inputs=[
                    "rollouts",
                    "corrections",
                    "examples",
                    "policies",
                    "evaluation",
                    "expert_success",
                    "params:correction",
                    "params:aggregation",
                    "params:realizability",
                    *_WHERE,
                    "params:seed",
                ],
                outputs="realizability",
                name="measure_realizability",
            )
        ]
    )
