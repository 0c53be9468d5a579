"""The plot of a comparison of methods: success against episodes played."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.methods import MethodSummary
from leap_kedro.reports.figures import COLOURS

if TYPE_CHECKING:
    import plotly.graph_objects as go

_APART = 0.012  # of the width, between methods, so that their intervals do not overlap


def methods_figure(summaries: Sequence[MethodSummary], titles: Mapping[str, str]) -> "go.Figure":
    """One panel per split, one line per method from pi_0 on: means over seeds with 95 % intervals.

    Args:
        summaries: One per method and iteration.
        titles: What each method is.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    methods = list(dict.fromkeys(summary.method for summary in summaries))
    splits = list(dict.fromkeys(split.split for summary in summaries for split in summary.splits))
    figure = make_subplots(rows=1, cols=max(1, len(splits)), subplot_titles=splits, shared_yaxes=True)
    width = max((summary.measures["episodes"].mean for summary in summaries), default=0.0)
    for row, split in enumerate(splits, start=1):
        for place, method in enumerate(methods):
            of_method = [
                (summary.measures["episodes"].mean, each.success)
                for summary in summaries
                for each in summary.splits
                if summary.method == method and each.split == split
            ]
            line = go.Scatter(
                name=f"{method}: {titles.get(method, method)}",
                legendgroup=method,
                showlegend=row == 1,
                x=[episodes + _APART * width * (place - (len(methods) - 1) / 2) for episodes, _ in of_method],
                y=[100 * success.mean for _, success in of_method],
                error_y={
                    "array": [100 * (_high(success) - success.mean) for _, success in of_method],
                    "arrayminus": [100 * (success.mean - _low(success)) for _, success in of_method],
                    "symmetric": False,
                    "thickness": 1.2,
                    "width": 4,
                },
                mode="lines+markers",
                line_color=COLOURS[place % len(COLOURS)],
                cliponaxis=False,
            )
            figure.add_trace(line, row=1, col=row)
    seeds = max((split.success.count for summary in summaries for split in summary.splits), default=0)
    figure.update_xaxes(title="episodes played after pi_0")
    figure.update_yaxes(title="tasks solved, %", range=[0, 102], col=1)
    figure.update_layout(
        title={
            "text": "Methods from the same pi_0, with equal numbers of episodes and of training tokens",
            "subtitle": {"text": f"mean of {seeds} seeds, 95 % intervals (Student's t)"},
        },
        legend={"orientation": "h", "y": -0.22},
        margin_t=110,
        height=520,
    )
    return figure


def _high(mean: Mean) -> float:
    return mean.mean if mean.high is None else mean.high


def _low(mean: Mean) -> float:
    return mean.mean if mean.low is None else mean.low
