"""Rollouts, corrections, policies -> the quantities of the theory."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.realizability.nodes import measure_experts, measure_realizability

_WHERE = ["params:environment", "params:environments"]


def create_experts_pipeline(correction: str = "params:correction") -> Pipeline:
    """Validation tasks -> success of the teacher and of the experts; the same in all iterations.

    Args:
        correction: Dataset of the parameters of the correction.
    """
    return Pipeline(
        [
            Node(
                measure_experts,
                inputs=["validation_tasks", correction, "params:evaluation", *_WHERE],
                outputs="expert_success",
                name="measure_experts",
            )
        ]
    )


def create_pipeline(correction: str = "params:correction") -> Pipeline:
    """What one iteration made -> its realizability.

    Args:
        correction: Dataset of the parameters of the correction.
    """
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
                    correction,
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
