"""One seed of the ablation as a graph, and the summary over seeds.

A namespace `start` (tasks, D_0, pi_0, its rollouts) and one a privilege level, each with the stages of the loop. The
seed is a parameter: the session runs the graph once a seed, part by part (`SEED_PARTS`), and the summary at the end.
"""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines import (
    aggregation,
    bootstrap,
    correction,
    data_preparation,
    evaluation,
    realizability,
    rollout,
    training,
)
from leap_kedro.pipelines.ablation.nodes import (
    at_level,
    draw,
    gather_levels,
    sum_up,
    tabulate,
)
from leap_kedro.pipelines.aggregation.nodes import gather_examples
from leap_kedro.pipelines.realizability.nodes import gather_policies
from leap_kedro.teachers.constrained import LEVELS

START = "start"
RESULTS = "results"
SUMMARY = "summary"
SEED_PARTS = (START, *(f"level_{privilege}" for privilege in LEVELS), RESULTS)
"""Tags of the parts that make up one seed, in order: what the session runs one after the other."""

_KEPT_APART = ("_so_far", "_workspace")  # ends of names of datasets that a part reads and that are its own


def create_pipeline() -> Pipeline:
    """Parameters -> table and figure: success, leak rate and gap against privilege."""
    levels = sum((_level(privilege) for privilege in LEVELS), Pipeline([]))
    gathering = Pipeline(
        [
            Node(
                gather_levels,
                inputs=[
                    "params:seed",
                    f"{START}.pi_0_evaluation",
                    *(f"level_{privilege}.{name}" for privilege in LEVELS for name in ("evaluation", "realizability")),
                ],
                outputs="ablation_results",
                name="gather_levels",
            )
        ],
        tags=RESULTS,
    )
    return _start() + levels + gathering + _summary()


def _start() -> Pipeline:
    """What the levels of a seed share."""
    body = (
        data_preparation.create_pipeline()
        + bootstrap.create_pipeline()
        + Pipeline(rollout.create_pipeline(), inputs={"parent_policy": "pi_0"})
        + evaluation.create_pipeline("pi_0", "pi_0_")
    )
    return Pipeline(body, namespace=START, parameters=_parameters(body), tags=START)


def _level(privilege: int) -> Pipeline:
    """From the rollouts to a policy taught at one level, and what came of it."""
    body = (
        Pipeline(
            [
                Node(
                    at_level(privilege),
                    inputs="params:correction",
                    outputs="correction_at_level",
                    name="set_privilege",
                ),
                Node(gather_examples, inputs=["D_0"], outputs="earlier_examples", name="gather_examples"),
                Node(gather_policies, inputs=["parent_policy", "policy"], outputs="policies", name="gather_policies"),
            ]
        )
        + correction.create_pipeline("correction_at_level")
        + aggregation.create_pipeline()
        + training.create_pipeline()
        + evaluation.create_pipeline()
        + realizability.create_experts_pipeline("correction_at_level")
        + realizability.create_pipeline("correction_at_level")
    )
    start = _start()
    shared = {
        name: f"{START}.{name}" if f"{START}.{name}" in start.datasets() else name
        for name in body.inputs()
        if not name.startswith("params:") and not name.endswith(_KEPT_APART)
    }
    level = f"level_{privilege}"
    return Pipeline(
        body,
        namespace=level,
        inputs={**shared, "parent_policy": f"{START}.pi_0"},
        parameters=_parameters(body),
        tags=level,
    )


def _summary() -> Pipeline:
    """Results of all seeds -> summary, table, figure."""
    return Pipeline(
        [
            Node(
                sum_up,
                inputs=["ablation_history", "params:ablation", "params:seed"],
                outputs="ablation_summary",
                name="sum_up_ablation",
            ),
            Node(tabulate, inputs="ablation_summary", outputs="ablation_table", name="tabulate_ablation"),
            Node(draw, inputs="ablation_summary", outputs="ablation_figure", name="draw_ablation"),
        ],
        tags=SUMMARY,
    )


def _parameters(body: Pipeline) -> set[str]:
    return {name for name in body.inputs() if name.startswith("params:")}
