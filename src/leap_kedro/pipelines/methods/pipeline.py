"""Finished experiments of a comparison -> summary, table, figure."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.iteration import stage
from leap_kedro.pipelines.methods.nodes import draw, summarize, tabulate


def create_pipeline() -> Pipeline:
    """The manifests of all experiments -> the comparison of the methods in them."""
    read = ["finished_iterations", "finished_trainings", "params:experiment"]
    return stage(
        "methods",
        Pipeline(
            [
                Node(summarize, inputs=read, outputs="methods_summary", name="summarize_methods"),
                Node(tabulate, inputs="methods_summary", outputs="methods_table", name="tabulate_methods"),
                Node(draw, inputs="methods_summary", outputs="methods_figure", name="draw_methods"),
            ]
        ),
    )
