"""A bar chart that compares policies: success over all tasks and by task type, one panel per split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.wording import interval_in_words, kind_in_words
from leap_kedro.reports.figures import COLOURS, split_names

if TYPE_CHECKING:
    import plotly.graph_objects as go

_ALL = "all"
_GREYS = ("#333333", "#777777", "#BBBBBB")  # if there are more policies than colours


def comparison_chart(summaries: Sequence[EvaluationSummary]) -> "go.Figure":
    """Bars with 95 % intervals: a colour per policy in the given order, a group per task type, a panel per split."""
    from plotly.subplots import make_subplots

    policies = list(dict.fromkeys(summary.policy for summary in summaries))
    splits = split_names(summaries)
    kinds = sorted({kind.kind for summary in summaries for kind in summary.by_kind})
    figure = make_subplots(rows=max(1, len(splits)), cols=1, subplot_titles=splits, vertical_spacing=0.09)
    for row, split in enumerate(splits, start=1):
        found = {summary.policy: summary for summary in summaries if summary.conditions.split == split}
        for place, policy in enumerate(policies):
            if policy in found:
                bars = _bars(found[policy], kinds, (*COLOURS, *_GREYS)[place % (len(COLOURS) + len(_GREYS))])
                figure.add_trace(bars.update(showlegend=row == 1), row=row, col=1)
    figure.update_yaxes(title="tasks solved, %", range=[0, 104])
    caps = sorted({summary.conditions.max_actions for summary in summaries})
    figure.update_layout(
        barmode="group",
        title={
            "text": "Who solves what, 95 % intervals",
            "subtitle": {"text": f"at most {' or '.join(map(str, caps))} actions, the same tasks for all"},
        },
        legend={"orientation": "h", "y": -0.08},
        margin_t=110,
        height=160 + 260 * max(1, len(splits)),
    )
    return figure


def _bars(summary: EvaluationSummary, kinds: Sequence[str], colour: str) -> "go.Bar":
    import plotly.graph_objects as go

    by_kind = {kind.kind: kind.success for kind in summary.by_kind}
    shares: dict[str, Proportion] = {_ALL: summary.success}
    shares |= {kind_in_words(kind): by_kind[kind] for kind in kinds if kind in by_kind}
    return go.Bar(
        name=kind_in_words(summary.policy),
        legendgroup=summary.policy,
        x=list(shares),
        y=[100 * share.rate for share in shares.values()],
        error_y={
            "array": [100 * (share.high - share.rate) for share in shares.values()],
            "arrayminus": [100 * (share.rate - share.low) for share in shares.values()],
            "symmetric": False,
            "thickness": 1,
            "width": 2,
        },
        marker_color=colour,
        hovertext=[interval_in_words(share) for share in shares.values()],
        hoverinfo="x+name+text",
    )
