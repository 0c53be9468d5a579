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

_SHARED = ("validation_tasks", "test_tasks", "D_0", "base_policy", "pi_0", "pi_0_evaluation", "rollouts")
"""What `start` makes and others use, under the name `ablation_NAME`."""

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
                    "ablation_pi_0_evaluation",
                    *(f"level_{privilege}_{name}" for privilege in LEVELS for name in ("evaluation", "realizability")),
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
    return Pipeline(
        body,
        namespace=START,
        inputs={name: name for name in body.inputs() if _is_common(name)},
        outputs={name: f"ablation_{name}" for name in _SHARED},
        parameters=_parameters(body),
        tags=START,
    )


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
    shared = {name: f"ablation_{name}" if name in _SHARED else name for name in body.inputs() if _is_common(name)}
    level = f"level_{privilege}"
    return Pipeline(
        body,
        namespace=level,
        inputs={**shared, "parent_policy": "ablation_pi_0"},
        outputs={name: f"{level}_{name}" for name in ("evaluation", "realizability")},
        parameters=_parameters(body),
        tags=level,
    )


def _summary() -> Pipeline:
    """Results of all seeds -> summary, table, figure."""
    return Pipeline(
        [
            Node(
                sum_up,
                inputs="ablation_history",
                outputs="ablation_summary",
                name="sum_up_ablation",
            ),
            Node(tabulate, inputs="ablation_summary", outputs="ablation_table", name="tabulate_ablation"),
            Node(draw, inputs="ablation_summary", outputs="ablation_figure", name="draw_ablation"),
        ],
        tags=SUMMARY,
    )


def _is_common(name: str) -> bool:
    """Whether a free input of a part is nothing of its own."""
    return not name.startswith("params:") and not name.endswith(_KEPT_APART)


def _parameters(body: Pipeline) -> set[str]:
    return {name for name in body.inputs() if name.startswith("params:")}
