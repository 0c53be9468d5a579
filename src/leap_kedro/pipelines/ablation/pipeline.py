"""One seed of the ablation as a graph, and the summary over the seeds so far.

The part `start` makes tasks, D_0, pi_0 and its rollouts; one part per privilege level has the other stages of the loop.
"""

from itertools import product

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
from leap_kedro.pipelines.ablation.nodes import at_level, draw, first_iteration, gather_levels, sum_up, tabulate
from leap_kedro.pipelines.iteration import stage
from leap_kedro.teachers.constrained import LEVELS

_NAME = "realizability_ablation"
_START = f"{_NAME}.start"
_COMMON_NAMES = {
    "D_0": "examples",
    "pi_0": "policy",
    "pi_0_training_report": "training_report",
    "pi_0_evaluation": "evaluation",
    "pi_0_evaluation_episodes": "evaluation_episodes",
}
"""Dataset of iteration 0 -> its name in each part, so that one catalog entry serves both."""


def create_pipeline() -> Pipeline:
    """Parameters -> results of one seed, and table and figure of all seeds: success, leak rate and gap by privilege."""
    levels = sum((_level(privilege) for privilege in LEVELS), Pipeline([]))
    return _start() + levels + _summary()


def _start() -> Pipeline:
    """The part that the levels of a seed share."""
    return _part(
        _START,
        {},
        stage(
            "bootstrap",
            data_preparation.create_pipeline(),
            bootstrap.create_pipeline(),
            bootstrap.create_history_pipeline(),
        ),
        stage("rollout", rollout.create_pipeline("first_iteration")),
    )


def _level(privilege: int) -> Pipeline:
    """From the rollouts to a policy taught at one level, its evaluation and its realizability."""
    of_level = "correction_at_level", "first_iteration"
    set_privilege = Node(
        at_level(privilege), inputs="params:correction", outputs="correction_at_level", name="set_privilege"
    )
    return _part(
        f"{_NAME}.level_{privilege}",
        {name: f"{_START}.{name}" for name in ("tasks", "history", "rollouts")},
        stage("correction", Pipeline([set_privilege]), correction.create_pipeline(*of_level)),
        stage("training", aggregation.create_pipeline(*of_level), training.create_pipeline("first_iteration")),
        stage("evaluation", evaluation.create_pipeline(), realizability.create_pipeline(*of_level)),
    )


def _part(name: str, inputs: dict[str, str], *stages: Pipeline) -> Pipeline:
    """Stages whose datasets are named after the part, except for shared inputs."""
    one = Node(first_iteration, inputs=None, outputs="first_iteration", name="first_iteration")
    body = sum(stages, Pipeline([one]))
    shared = {**inputs, **{each: each for each in body.inputs() if each == "language_models"}}
    made = body.all_outputs()
    outputs = {own: f"{name}.{common}" for own, common in _COMMON_NAMES.items() if own in made}
    outputs |= {each: each for each in made if each == "base"}  # the same for all seeds
    parameters = {each for each in body.inputs() if each.startswith("params:")}
    return Pipeline(body, namespace=name, inputs=shared, outputs=outputs, parameters=parameters)


def _summary() -> Pipeline:
    """Levels of this seed -> its results; results of all seeds so far -> summary, table, figure."""
    parts = {"pi_0_evaluation": f"{_START}.evaluation"}
    for privilege, name in product(LEVELS, ("evaluation", "realizability")):
        parts[f"{name}_{privilege}"] = f"{_NAME}.level_{privilege}.{name}"
    summed = ["ablation_results", "ablation_history"]
    nodes = [
        Node(gather_levels, inputs=["params:seed", *parts], outputs="ablation_results", name="gather_levels"),
        Node(sum_up, inputs=summed, outputs="ablation_summary", name="sum_up_ablation"),
        Node(tabulate, inputs="ablation_summary", outputs="ablation_table", name="tabulate_ablation"),
        Node(draw, inputs="ablation_summary", outputs="ablation_figure", name="draw_ablation"),
    ]
    return Pipeline(nodes, namespace=f"{_NAME}.summary", inputs=parts, prefix_datasets_with_namespace=False)
