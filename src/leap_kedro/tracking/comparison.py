"""Players that are compared, in MLflow: a metric a player and split, and the table as the run's description."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.evaluation.wording import conditions_in_words, interval_in_words
from leap_kedro.tracking.metrics import REFUSED, Point, detail_points, headline_points, log_points, log_warning

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NOTE_TAG = "mlflow.note.content"


def log_comparison(client: "MlflowClient", run: str, summaries: Sequence[EvaluationSummary]) -> None:
    """Log one summary a player and split: metrics ``success/SPLIT/PLAYER`` and ``SPLIT/PLAYER/...``, and a table."""
    log_points(client, run, [point for summary in summaries for point in _points(summary)])
    for summary in summaries:
        log_warning(client, run, summary)
    client.set_tag(run, _NOTE_TAG, _note(in_order(summaries)))


def _points(summary: EvaluationSummary) -> list[Point]:
    player, split = REFUSED.sub("_", summary.policy), summary.conditions.split
    details = detail_points(summary, 0)
    return [
        *(replace(point, key=f"{point.key}/{player}") for point in headline_points(summary, 0)),
        *(replace(point, key=f"{split}/{player}/{point.key.removeprefix(f'{split}/')}") for point in details),
    ]


def _note(summaries: Sequence[EvaluationSummary]) -> str:
    splits = list(dict.fromkeys(summary.conditions.split for summary in summaries))
    found = {(summary.policy, summary.conditions.split): summary for summary in summaries}
    rows = [["player", *splits], ["---"] * (1 + len(splits))]
    for player in dict.fromkeys(summary.policy for summary in summaries):
        cells = [found.get((player, split)) for split in splits]
        rows.append([player, *(interval_in_words(cell.success) if cell else "" for cell in cells)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    how = conditions_in_words(summaries[0].conditions) if summaries else "nothing played yet"
    return f"{table}\n\nTasks solved with 95 % interval (Wilson); first player: {how}."
