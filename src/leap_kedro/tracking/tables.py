"""The descriptions of runs in MLflow: tables of results."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leap_kedro.evaluation.ablation import LevelSummary, measure_names
from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.methods import COSTS, MethodSummary
from leap_kedro.evaluation.seeds import seeds_in_words
from leap_kedro.evaluation.success import Conditions, EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.evaluation.wording import conditions_in_words, interval_in_words
from leap_kedro.tracking.metrics import HEADLINE, history

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION_TAG = "leap.champion"
DESCRIPTION_TAG = "mlflow.note.content"
_CONDITIONS_TAG = "leap.conditions"


def describe_experiment(client: "MlflowClient", parent: str, conditions: Conditions | None = None) -> None:
    """Write the table of success by policy and split, from the metrics of the parent run.

    It names the `conditions` of the results, or those of the last call if None.
    """
    if conditions:
        client.set_tag(parent, _CONDITIONS_TAG, conditions_in_words(conditions))
    run = client.get_run(parent)
    found = (key.removeprefix(HEADLINE) for key in run.data.metrics if key.startswith(HEADLINE))
    splits = sorted(found, key=lambda split: (split != "validation", split))
    cells: dict[int, dict[str, str]] = {}
    for split in splits:
        low, high = (history(client, parent, f"{split}/success_{end}") for end in ("low", "high"))
        for step, rate in history(client, parent, f"{HEADLINE}{split}").items():
            cells.setdefault(step, {})[split] = f"{rate:.1%} ({low.get(step, rate):.1%} to {high.get(step, rate):.1%})"
    champion = run.data.tags.get(CHAMPION_TAG)
    table = _table("policy", splits, {_policy(step, champion): cells[step] for step in sorted(cells)})
    how = run.data.tags.get(_CONDITIONS_TAG, "")
    text = f"Success with 95 % interval (Wilson); {how}. Step of the charts: iteration, -1 the base."
    client.set_tag(parent, DESCRIPTION_TAG, f"{table}\n\n{text}")


def players_table(summaries: Sequence[EvaluationSummary]) -> str:
    """Success by player and split."""
    rows: dict[str, dict[str, str]] = {}
    for summary in (summaries := in_order(summaries)):
        rows.setdefault(summary.policy, {})[summary.conditions.split] = interval_in_words(summary.success)
    how = conditions_in_words(summaries[0].conditions) if summaries else "nothing played yet"
    table = _table("player", dict.fromkeys(summary.conditions.split for summary in summaries), rows)
    return f"{table}\n\nTasks solved with 95 % interval (Wilson); first player: {how}."


def levels_table(summaries: Sequence[LevelSummary]) -> str:
    """Success and measures by privilege level."""
    rows = {
        summary.name: {
            **{split.split: _share(split.success) for split in summary.splits},
            **{name: f"{mean.mean:.3f}" for name, mean in summary.measures.items()},
        }
        for summary in summaries
    }
    splits = dict.fromkeys(split.split for summary in summaries for split in summary.splits)
    seeds = seeds_in_words([split for summary in summaries for split in summary.splits])
    table = _table("privilege", [*splits, *measure_names(summaries)], rows)
    return f"{table}\n\nSuccess: mean of {seeds} with 95 % interval (Student's t). Step of the charts: privilege."


def methods_table(summaries: Sequence[MethodSummary]) -> str:
    """Success and costs by method and iteration."""
    rows = {
        f"{summary.method}, pi_{summary.iteration}": {
            **{split.split: _share(split.success) for split in summary.splits},
            **{name: f"{mean.mean:,.0f}" for name, mean in summary.measures.items()},
        }
        for summary in summaries
    }
    splits = dict.fromkeys(split.split for summary in summaries for split in summary.splits)
    seeds = seeds_in_words([split for summary in summaries for split in summary.splits])
    table = _table("method", [*splits, *COSTS], rows)
    return (
        f"{table}\n\nSuccess: mean of {seeds} with 95 % interval (Student's t); costs since pi_0. Step of the "
        "charts: iteration."
    )


def _policy(step: int, champion: str | None) -> str:
    name = "base" if step < 0 else f"pi_{step}"
    return f"**{name} (champion)**" if name == champion else name


def _share(mean: Mean) -> str:
    if mean.low is None or mean.high is None:
        return f"{mean.mean:.1%}"
    return f"{mean.mean:.1%} ({mean.low:.1%} to {mean.high:.1%})"


def _table(corner: str, columns: Iterable[str], rows: dict[str, dict[str, str]]) -> str:
    header = [corner, *columns]
    body = [[name, *(row.get(column, "") for column in header[1:])] for name, row in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *body))
