"""One iteration as a pipeline, and the loop unrolled.

Kedro's graph has no cycle. `leap_iteration` reads what earlier iterations left through history datasets, and is run
once an iteration. `leap` has a namespace an iteration and hands pi_k, D_k and evaluation_k over as datasets: the same
files, for kedro-viz and for orchestrators that want the whole loop as one graph.
"""

from kedro.pipeline import Node, Pipeline

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
from leap_kedro.pipelines.aggregation.nodes import gather_examples, recall_examples
from leap_kedro.pipelines.evaluation.nodes import gather_evaluations, recall_evaluations
from leap_kedro.pipelines.realizability.nodes import gather_policies, recall_policies
from leap_kedro.pipelines.rollout.nodes import recall_parent


def create_iteration() -> Pipeline:
    """Everything from parameters to pi_k; what is there already (from iteration 2 on: tasks, D_0, pi_0) is kept."""
    return create_start() + create_recall() + create_body()


def create_start() -> Pipeline:
    """What the loop starts from: tasks, D_0, pi_0, and how good base, pi_0 and the experts are."""
    return (
        data_preparation.create_pipeline()
        + bootstrap.create_pipeline()
        + evaluation.create_pipeline("base_policy", "base_")
        + evaluation.create_pipeline("pi_0", "pi_0_")
        + realizability.create_experts_pipeline()
    )


def create_body() -> Pipeline:
    """One iteration: parent policy and earlier examples -> policy, its evaluation, the champion, realizability."""
    return (
        rollout.create_pipeline()
        + correction.create_pipeline()
        + correction.create_export_pipeline()
        + aggregation.create_pipeline()
        + training.create_pipeline()
        + evaluation.create_pipeline()
        + evaluation.create_champion_pipeline()
        + realizability.create_pipeline()
        + reporting.create_pipeline()
    )


def create_recall() -> Pipeline:
    """What one iteration needs of those before it."""
    return Pipeline(
        [
            Node(
                recall_parent,
                inputs=["pi_0", "policy_history", "params:iteration"],
                outputs="parent_policy",
                name="recall_parent",
            ),
            Node(
                recall_examples,
                inputs=["D_0", "example_history", "params:iteration"],
                outputs="earlier_examples",
                name="recall_examples",
            ),
            Node(
                recall_evaluations,
                inputs=["pi_0_evaluation", "evaluation_history", "evaluation", "params:iteration"],
                outputs="evaluations",
                name="recall_evaluations",
            ),
            Node(
                recall_policies,
                inputs=["pi_0", "policy_history", "policy", "params:iteration"],
                outputs="policies",
                name="recall_policies",
            ),
        ]
    )


def create_unrolled(iterations: int) -> Pipeline:
    """The loop of so many iterations as one graph.

    Args:
        iterations: Number of iterations, at least 1.
    """
    return sum((_unrolled_iteration(k) for k in range(1, iterations + 1)), create_start())


def _unrolled_iteration(k: int) -> Pipeline:
    body = create_body() + Pipeline(
        [
            Node(
                gather_examples,
                inputs=[f"D_{earlier}" for earlier in range(k)],
                outputs="earlier_examples",
                name="gather_examples",
            ),
            Node(
                gather_evaluations,
                inputs=["pi_0_evaluation", *(f"evaluation_{earlier}" for earlier in range(1, k)), "evaluation"],
                outputs="evaluations",
                name="gather_evaluations",
            ),
            Node(
                gather_policies,
                inputs=[*(f"pi_{earlier}" for earlier in range(k)), "policy"],
                outputs="policies",
                name="gather_policies",
            ),
        ]
    )
    shared = {
        "train_tasks",
        "validation_tasks",
        "test_tasks",
        "base_policy",
        "base_evaluation",
        "pi_0_evaluation",
        "expert_success",
        "teacher_prompts",
        "language_model_access",
    }
    earlier = {name for place in range(k) for name in (f"D_{place}", f"pi_{place}")}
    earlier |= {f"evaluation_{place}" for place in range(1, k)}
    return Pipeline(
        body,
        namespace=f"iteration_{k}",
        inputs={name: name for name in shared | earlier} | {"parent_policy": f"pi_{k - 1}"},
        outputs={"policy": f"pi_{k}", "examples": f"D_{k}", "evaluation": f"evaluation_{k}"},
        parameters={name for name in body.inputs() if name.startswith("params:")},
    )
