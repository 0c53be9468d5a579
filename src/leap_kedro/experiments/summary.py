"""What the terminal shows of experiments."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.experiments.folders import Experiment, experiment_names

LOOK = (
    "MLflow (learning curves):  MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false "
    "mlflow ui --workers 1 --backend-store-uri sqlite:///mlflow.db",
    "Pipeline and plots:        kedro viz run",
    "Next iteration:            the same command again",
)


def evaluations(experiment: Experiment) -> list[EvaluationSummary]:
    """All evaluations of the finished iterations, those of base and pi_0 included."""
    return [
        EvaluationSummary.from_json(plain)
        for iteration in experiment.finished_iterations()
        for plain in experiment.read_manifest(iteration)["evaluations"]
    ]


def result_table(experiment: Experiment) -> Table:
    """One row a policy, one column a split: success with its interval, and mean actions."""
    summaries = in_order(evaluations(experiment))
    splits = list(dict.fromkeys(summary.conditions.split for summary in summaries))
    policies = sorted(
        {summary.policy: -1 if summary.iteration is None else summary.iteration for summary in summaries}.items(),
        key=lambda pair: pair[1],
    )
    found = {(summary.policy, summary.conditions.split): summary for summary in summaries}
    best = experiment.read_manifest(experiment.finished_iterations()[-1])["champion"]["policy"]
    table = Table(title=f"Experiment '{experiment.name}': success % (95 % interval) / mean actions")
    table.add_column("policy")
    for split in splits:
        table.add_column(_title(split, found, [name for name, _ in policies]), justify="right")
    for name, _ in policies:
        cells = [_cell(found.get((name, split))) for split in splits]
        table.add_row(f"{name} (champion)" if name == best else name, *cells)
    table.caption = _conditions(summaries)
    return table


def show(experiment: Experiment, console: Console | None = None) -> None:
    """Print the table of results and where to look further."""
    console = console or Console()
    console.print(result_table(experiment))
    for line in LOOK:
        console.print(line, soft_wrap=True, highlight=False)


def status_table(data: Path) -> Table:
    """One row an experiment: what is finished and how good its champion is on validation."""
    table = Table(title=f"Experiments in {data}")
    for title in ("experiment", "finished iterations", "champion", "validation success %"):
        table.add_column(title)
    for name in experiment_names(data):
        experiment = Experiment(data, name)
        finished = experiment.finished_iterations()
        champion = experiment.read_manifest(finished[-1])["champion"] if finished else {}
        success = f"{100 * champion['success']:.1f}" if champion else "-"
        table.add_row(name, str(len(finished)), champion.get("policy", "-"), success)
    return table


def _title(split: str, found: dict[tuple[str, str], EvaluationSummary], policies: list[str]) -> str:
    totals = [found[name, split].success.total for name in policies if (name, split) in found]
    return f"{split}\n{max(totals)} tasks"


def _cell(summary: EvaluationSummary | None) -> str:
    if summary is None:
        return "-"
    share = summary.success
    return f"{100 * share.rate:.1f} ({100 * share.low:.1f}-{100 * share.high:.1f}) / {summary.mean_actions:.1f}"


def _conditions(summaries: list[EvaluationSummary]) -> str:
    conditions = summaries[0].conditions
    held = "held to the admissible list" if conditions.held_to_admissible else "free replies"
    greedy = "greedy" if conditions.temperature == 0 else f"temperature {conditions.temperature:g}"
    return f"{conditions.data_source} tasks, at most {conditions.max_actions} actions, {held}, {greedy}"
