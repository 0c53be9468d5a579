"""The plot of a comparison of methods: success against episodes played."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.methods import MethodSummary
from leap_kedro.evaluation.seeds import seeds_in_words
from leap_kedro.reports.figures import COLOURS, mean_line

if TYPE_CHECKING:
    import plotly.graph_objects as go

_APART = 0.012  # of the width, between methods, so that their intervals do not overlap


def methods_figure(summaries: Sequence[MethodSummary], titles: Mapping[str, str]) -> "go.Figure":
    """One panel per split, one line per method from pi_0 on: means over seeds with 95 % intervals.

    Args:
        summaries: One per method and iteration.
        titles: What each method is.
    """
    from plotly.subplots import make_subplots

    methods = list(dict.fromkeys(summary.method for summary in summaries))
    splits = list(dict.fromkeys(split.split for summary in summaries for split in summary.splits))
    figure = make_subplots(rows=1, cols=max(1, len(splits)), subplot_titles=splits, shared_yaxes=True)
    width = max((summary.measures["episodes"].mean for summary in summaries), default=0.0)
    for column, split in enumerate(splits, start=1):
        for place, method in enumerate(methods):
            of_method = [
                (summary.measures["episodes"].mean, each.success)
                for summary in summaries
                for each in summary.splits
                if summary.method == method and each.split == split
            ]
            shift = _APART * width * (place - (len(methods) - 1) / 2)
            places, means = [episodes + shift for episodes, _ in of_method], [success for _, success in of_method]
            title = f"{method}: {titles.get(method, method)}"
            line = mean_line(title, places, means, 100, COLOURS[place % len(COLOURS)])
            line.update(legendgroup=method, showlegend=column == 1)
            figure.add_trace(line, row=1, col=column)
    seeds = seeds_in_words([split for summary in summaries for split in summary.splits])
    figure.update_xaxes(title="episodes played after pi_0")
    figure.update_yaxes(title="tasks solved, %", range=[0, 102], col=1)
    figure.update_layout(
        title={
            "text": "Methods with equal numbers of episodes, from the same pi_0 unless they say otherwise",
            "subtitle": {"text": f"mean of {seeds}, 95 % intervals (Student's t)"},
        },
        legend={"orientation": "h", "y": -0.22},
        margin_t=110,
        height=520,
    )
    return figure
