"""Plots of an experiment: success by policy with intervals, and by task type."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.evaluation.wording import conditions_in_words, interval_in_words, kind_in_words

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Okabe and Ito's colours, distinguishable with any colour vision; the first, for validation, is blue.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of the lines of a plot, in order."""

_LIGHT = ((0.0, "#F4F8FB"), (1.0, "#7FBCE0"))  # dark text is readable on all of these
_APART = 0.07  # share of the distance between two policies


def learning_curve(summaries: Sequence[EvaluationSummary]) -> "go.Figure":
    """Success by policy (base, pi_0, pi_1, ...), one line per split, with 95 % intervals."""
    import plotly.graph_objects as go

    ordered = in_order(summaries)
    policies = policy_names(summaries)
    splits = split_names(summaries)
    figure = go.Figure()
    for place, split in enumerate(splits):
        # Shifted, so that the intervals of the splits do not overlap.
        shift = _APART * (place - (len(splits) - 1) / 2)
        of_split = [summary for summary in ordered if summary.conditions.split == split]
        rates = [100 * summary.success.rate for summary in of_split]
        figure.add_scatter(
            name=f"{split} ({max(summary.success.total for summary in of_split)} tasks)",
            x=[policies.index(summary.policy) + shift for summary in of_split],
            y=rates,
            error_y={
                "array": [100 * summary.success.high - rate for summary, rate in zip(of_split, rates, strict=True)],
                "arrayminus": [rate - 100 * summary.success.low for summary, rate in zip(of_split, rates, strict=True)],
                "symmetric": False,
                "thickness": 1.5,
                "width": 5,
            },
            mode="lines+markers",
            line_color=COLOURS[place % len(COLOURS)],
            marker_size=9,
            hovertext=[
                f"{summary.policy}: {interval_in_words(summary.success)}, {summary.mean_actions:.1f} actions"
                for summary in of_split
            ],
            hoverinfo="name+text",
            cliponaxis=False,
        )
    figure.update_layout(
        title={"text": "Success by policy, 95 % intervals", "subtitle": {"text": _conditions(ordered)}},
        xaxis={"title": "policy", "tickvals": list(range(len(policies))), "ticktext": policies, "zeroline": False},
        yaxis={"title": "tasks solved, %", "range": [0, 102]},
        legend={"orientation": "h", "y": -0.25},
    )
    return figure


def task_types(summaries: Sequence[EvaluationSummary]) -> "go.Figure":
    """Success by task type (rows) and policy (columns), one panel per split."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    splits = split_names(summaries)
    policies = policy_names(summaries)
    kinds = sorted({kind.kind for summary in summaries for kind in summary.by_kind}, reverse=True)
    found = {(each.conditions.split, each.policy, kind.kind): kind for each in summaries for kind in each.by_kind}
    figure = make_subplots(rows=1, cols=max(1, len(splits)), subplot_titles=splits, shared_yaxes=True)
    for column, split in enumerate(splits, start=1):
        cells = [[found.get((split, policy, kind)) for policy in policies] for kind in kinds]
        figure.add_trace(
            go.Heatmap(
                x=policies,
                y=[kind_in_words(kind) for kind in kinds],
                z=[[100 * cell.success.rate if cell else None for cell in row] for row in cells],
                text=[
                    [f"{100 * cell.success.rate:.0f}<br>of {cell.success.total}" if cell else "" for cell in row]
                    for row in cells
                ],
                hovertext=[
                    [
                        f"{interval_in_words(cell.success)}, {cell.mean_actions:.1f} actions" if cell else ""
                        for cell in row
                    ]
                    for row in cells
                ],
                texttemplate="%{text}",
                hoverinfo="x+y+text",
                zmin=0,
                zmax=100,
                textfont_color="#111111",
                colorscale=_LIGHT,
                xgap=2,
                ygap=2,
                showscale=column == 1,
                colorbar={"title": "solved, %"},
            ),
            row=1,
            col=column,
        )
    figure.update_xaxes(type="category")
    figure.update_layout(
        title={"text": "Success by task type", "subtitle": {"text": _conditions(in_order(summaries))}},
        margin_t=110,
        height=180 + 60 * max(1, len(kinds)),
    )
    return figure


def policy_names(summaries: Sequence[EvaluationSummary]) -> list[str]:
    """Policies in order: those outside the loop (the base) first, then by iteration."""
    places = {summary.policy: -1 if summary.iteration is None else summary.iteration for summary in summaries}
    return sorted(places, key=lambda name: places[name])


def split_names(summaries: Sequence[EvaluationSummary]) -> list[str]:
    """Splits in order: validation first."""
    return list(dict.fromkeys(summary.conditions.split for summary in in_order(summaries)))


def _conditions(summaries: Sequence[EvaluationSummary]) -> str:
    return conditions_in_words(summaries[0].conditions) if summaries else "nothing evaluated yet"


def mean_line(
    name: str,
    places: Sequence[float],
    means: Sequence[Mean],
    scale: float,
    colour: str,
    hover: Sequence[str] | None = None,
) -> "go.Scatter":
    """Means over seeds with their intervals, times `scale`, at `places` on the horizontal axis."""
    import plotly.graph_objects as go

    return go.Scatter(
        name=name,
        x=list(places),
        y=[scale * mean.mean for mean in means],
        error_y={
            "array": [scale * ((mean.mean if mean.high is None else mean.high) - mean.mean) for mean in means],
            "arrayminus": [scale * (mean.mean - (mean.mean if mean.low is None else mean.low)) for mean in means],
            "symmetric": False,
            "thickness": 1.5,
            "width": 5,
        },
        mode="lines+markers",
        line_color=colour,
        marker_size=8,
        hovertext=hover,
        cliponaxis=False,
    )
