"""The plot of the ablation: success, leak rate and gap against the teacher's privilege."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.ablation import LevelSummary
from leap_kedro.evaluation.seeds import seeds_in_words
from leap_kedro.reports.figures import COLOURS, mean_line

if TYPE_CHECKING:
    import plotly.graph_objects as go

_APART = 1.2  # per cent of privilege between the splits, so that their intervals do not overlap
_LEAK_RATE = "leak_rate"
_GAP = "gap_l1"


def ablation_figure(summaries: Sequence[LevelSummary]) -> "go.Figure":
    """Three panels: success by split, leak rate and gap, as means over seeds with 95 % intervals.

    Args:
        summaries: One per level; that of pi_0 (without a level) gives the dotted lines.
    """
    from plotly.subplots import make_subplots

    levels = [summary for summary in summaries if summary.privilege is not None]
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.5, 0.25, 0.25],
        subplot_titles=["", "leak rate of the teacher's reasons, %", "gap on held-out corrections, 2 (1 - p), 0 to 2"],
    )
    splits = list(dict.fromkeys(split.split for summary in levels for split in summary.splits))
    for place, name in enumerate(splits):
        colour = COLOURS[place % len(COLOURS)]
        shift = _APART * (place - (len(splits) - 1) / 2)
        of_split = [(summary, split) for summary in levels for split in summary.splits if split.split == name]
        hover = [f"{split.pooled.total} episodes, {split.mean_actions.mean:.1f} actions" for _, split in of_split]
        places = [_level(summary) + shift for summary, _ in of_split]
        line = mean_line(name, places, [split.success for _, split in of_split], 100, colour, hover)
        figure.add_trace(line, row=1, col=1)
        for before in (split for summary in summaries for split in summary.splits if summary.privilege is None):
            if before.split == name:
                figure.add_hline(y=100 * before.success.mean, line={"dash": "dot", "color": colour}, row=1, col=1)
    for row, measure, scale in ((2, _LEAK_RATE, 100), (3, _GAP, 1)):
        means = {_level(summary): summary.measures[measure] for summary in levels if measure in summary.measures}
        line = mean_line(measure, list(means), list(means.values()), scale, "#444444", None)
        figure.add_trace(line, row=row, col=1)
        figure.data[-1].showlegend = False
    seeds = seeds_in_words([split for summary in levels for split in summary.splits])
    figure.update_xaxes(tickvals=[_level(summary) for summary in levels])
    figure.update_xaxes(title="privilege of the teacher, %", row=3, col=1)
    figure.update_yaxes(title="tasks solved, %", row=1, col=1)
    for row in (2, 3):
        figure.update_yaxes(rangemode="tozero", row=row, col=1)
    figure.update_layout(
        title={
            "text": "One iteration from the same pi_0, by privilege of the teacher",
            "subtitle": {"text": f"mean of {seeds}, 95 % intervals (Student's t); dotted: pi_0"},
        },
        legend={"orientation": "h", "y": -0.12},
        margin_t=110,
        height=720,
    )
    return figure


def _level(summary: LevelSummary) -> float:
    return float(summary.privilege or 0)
