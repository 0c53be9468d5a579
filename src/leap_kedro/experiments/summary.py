"""Tables of experiments and results on the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from rich.console import Console
from rich.table import Table

from leap_kedro.evaluation.ablation import LevelSummary
from leap_kedro.evaluation.intervals import Mean
from leap_kedro.evaluation.methods import COSTS, MethodSummary, last_policies
from leap_kedro.evaluation.seeds import seeds_in_words
from leap_kedro.evaluation.success import SCORE, EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.evaluation.wording import restriction_in_words, scores_in_words, temperature_in_words
from leap_kedro.experiments.folders import Experiment, experiment_names

_MLFLOW = "MLflow (learning curves):  "
LOOK = (
    "Pipeline and plots:        kedro viz run",
    "Next iteration:            kedro run again with the same parameters, or kedro leap run --iterations=K",
)


def evaluations(experiment: Experiment) -> list[EvaluationSummary]:
    """All evaluations of the finished iterations, including those of base and pi_0."""
    return [
        EvaluationSummary.from_json(plain)
        for iteration in (0, *experiment.finished_iterations())
        for plain in experiment.read_manifest(iteration)["evaluations"]
    ]


def result_table(summaries: Sequence[EvaluationSummary], title: str, champion: str = "") -> Table:
    """One row per policy, one column per split: success with its interval, mean score if it has parts, mean actions.

    Args:
        summaries: At least one.
        title: Title of the table.
        champion: Id of the champion, which is marked.
    """
    ordered = in_order(summaries)
    splits = list(dict.fromkeys(summary.conditions.split for summary in ordered))
    places = {summary.policy: -1 if summary.iteration is None else summary.iteration for summary in ordered}
    found = {(summary.policy, summary.conditions.split): summary for summary in ordered}
    score = " / mean score" if any(summary.mean_parts for summary in ordered) else ""
    table = Table(title=f"{title}: success % (95 % interval){score} / mean actions", caption=_conditions(ordered))
    table.add_column("policy", no_wrap=True)
    for split in splits:
        most = max(summary.success.total for summary in ordered if summary.conditions.split == split)
        table.add_column(f"{split}\n{most} tasks", justify="right", no_wrap=True)
    for name in sorted(places, key=lambda name: places[name]):
        cells = [_cell(found.get((name, split))) for split in splits]
        table.add_row(f"{name} (champion)" if name == champion else name, *cells)
    return table


def score_table(summaries: Sequence[EvaluationSummary]) -> Table:
    """One row per policy and split: the mean score and the means of its parts, with intervals."""
    table = Table(title="Mean score and its parts, of 100 (95 % interval, bootstrap)")
    names = dict.fromkeys(name for summary in summaries for name in (SCORE, *summary.mean_parts))
    for title in ("policy", "split", *names):
        table.add_column(title, justify="left" if title in ("policy", "split") else "right", no_wrap=True)
    for summary in in_order(summaries):
        scores = scores_in_words(summary)
        table.add_row(summary.policy, summary.conditions.split, *(scores.get(name, "-") for name in names))
    return table


def _print_results(console: Console, summaries: Sequence[EvaluationSummary], title: str, champion: str = "") -> None:
    console.print(result_table(summaries, title, champion))
    if any(summary.mean_parts for summary in summaries):
        console.print(score_table(summaries))
    for summary in in_order(summaries):
        if summary.warning:
            warning = f"Warning: {summary.policy} on {summary.conditions.split}: {summary.warning}"
            console.print(warning, style="yellow", soft_wrap=True, highlight=False, markup=False)


def show(experiment: Experiment, mlflow: Sequence[str], console: Console | None = None) -> None:
    """Print the results of an experiment with a finished iteration, and where to look further.

    Args:
        experiment: The experiment.
        mlflow: Lines that say how to open MLflow.
        console: None: the terminal.
    """
    console = console or _console()
    champion = experiment.read_manifest(experiment.finished_iterations()[-1])["champion"]["policy"]
    _print_results(console, evaluations(experiment), f"Experiment '{experiment.name}'", champion)
    indent = f"\n{' ' * len(_MLFLOW)}"
    for line in (_MLFLOW + indent.join(mlflow), *LOOK):
        console.print(line, soft_wrap=True, highlight=False)


def show_evaluations(plain: Sequence[Mapping[str, Any]], path: Path, console: Console | None = None) -> None:
    """Print the results of the pipeline `evaluation`, and their file."""
    console = console or _console()
    summaries = EvaluationSummary.all_from_json(plain)
    _print_results(console, summaries, "Evaluation")
    kinds = Table(title="By task type: success % / tasks / mean actions")
    kinds.add_column("task type")
    for summary in summaries:
        kinds.add_column(summary.policy, justify="right")
    for kind in sorted({kind.kind for summary in summaries for kind in summary.by_kind}):
        found = [{each.kind: each for each in summary.by_kind}.get(kind) for summary in summaries]
        kinds.add_row(
            kind,
            *(
                f"{100 * each.success.rate:.1f} / {each.success.total} / {each.mean_actions:.1f}" if each else "-"
                for each in found
            ),
        )
    console.print(kinds)
    console.print(f"All results: {path}", soft_wrap=True, highlight=False)


def show_ablation(plain: Sequence[Mapping[str, Any]], path: Path, console: Console | None = None) -> None:
    """Print the means over seeds by privilege level, and their file."""
    console = console or _console()
    levels = LevelSummary.all_from_json(plain)
    seeds = seeds_in_words([split for level in levels for split in level.splits])
    table = Table(title=f"Privilege of the teacher: success %, mean of {seeds} (95 % interval, Student's t)")
    table.add_column("privilege", no_wrap=True)
    splits = list(dict.fromkeys(split.split for level in levels for split in level.splits))
    measures = {"leak_rate": "leak rate", "gap_l1": "gap"}
    for title in (*splits, *measures.values()):
        table.add_column(title, justify="right", no_wrap=True)
    for level in levels:
        found = {split.split: split.success for split in level.splits}
        table.add_row(
            level.name,
            *(_mean_cell(found.get(split)) for split in splits),
            *(f"{level.measures[name].mean:.3f}" if name in level.measures else "-" for name in measures),
        )
    console.print(table)
    console.print(f"All results: {path}", soft_wrap=True, highlight=False)


def show_methods(plain: Sequence[Mapping[str, Any]], path: Path, console: Console | None = None) -> None:
    """Print the means over seeds of each method's last policy and of pi_0, with their costs, and the file of all."""
    console = console or _console()
    summaries = last_policies(MethodSummary.all_from_json(plain))
    seeds = seeds_in_words([split for summary in summaries for split in summary.splits])
    table = Table(title=f"Methods: success %, mean of {seeds} (95 % interval, Student's t)")
    splits = list(dict.fromkeys(split.split for summary in summaries for split in summary.splits))
    for title in ("method", "policy", *splits, *(name.replace("_", " ") for name in COSTS)):
        table.add_column(title, justify="left" if title in ("method", "policy") else "right")
    for summary in summaries:
        success = {split.split: split.success for split in summary.splits}
        table.add_row(
            summary.method,
            f"pi_{summary.iteration}",
            *(_mean_cell(success.get(split)) for split in splits),
            *(f"{summary.measures[name].mean:,.0f}" if name in summary.measures else "-" for name in COSTS),
        )
    console.print(table)
    console.print(f"All iterations: {path}", soft_wrap=True, highlight=False)


def show_comparison(plain: Sequence[Mapping[str, Any]], path: Path, console: Console | None = None) -> None:
    """Print the comparison of the baselines, and the file of the table by task type."""
    console = console or _console()
    summaries = EvaluationSummary.all_from_json(plain)
    _print_results(console, summaries, "Baselines")
    others = [each for each in summaries if not each.conditions.held_to_admissible]
    for words in sorted({restriction_in_words(each.conditions) for each in others}):
        names = dict.fromkeys(each.policy for each in others if restriction_in_words(each.conditions) == words)
        console.print(f"Not held to the admissible actions ({words}): {', '.join(names)}")
    console.print(f"By task type, with intervals: {path}", soft_wrap=True, highlight=False)


def show_results(
    experiment: Experiment, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any], mlflow: Sequence[str]
) -> None:
    """Print the results of a run: of an iteration, a saved policy, an ablation, the baselines or the methods.

    Args:
        experiment: The experiment.
        pipeline: The nodes that ran.
        catalog: The catalog with their results.
        mlflow: Lines that say how to open MLflow.
    """
    made = pipeline.all_outputs()
    for name, file, show_one in (
        ("saved_policy_evaluation", "saved_policy_evaluation", show_evaluations),
        ("ablation_summary", "ablation_table", show_ablation),
        ("baselines_summary", "baselines_table", show_comparison),
        ("methods_summary", "methods_table", show_methods),
    ):
        if name in made:
            show_one(catalog.load(name), Path(catalog.get(file)._describe()["filepath"]))  # type: ignore[union-attr]
    if "manifest" in made:
        show(experiment, mlflow)


def status_table(data: Path) -> Table:
    """One row per experiment: finished iterations, champion and its success on validation tasks."""
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


def _console() -> Console:
    """The terminal, or for files and CI lines that are long enough for the table."""
    console = Console()
    return console if console.is_terminal else Console(width=120)


def _cell(summary: EvaluationSummary | None) -> str:
    if summary is None:
        return "-"
    share = summary.success
    score = f" / {100 * summary.mean_score:.1f}" if summary.mean_parts else ""
    rest = f"{score} / {summary.mean_actions:.1f}{' (!)' if summary.warning else ''}"
    return f"{100 * share.rate:.1f} ({100 * share.low:.1f}-{100 * share.high:.1f}){rest}"


def _mean_cell(mean: Mean | None) -> str:
    if mean is None:
        return "-"
    if mean.low is None or mean.high is None:
        return f"{100 * mean.mean:.1f}"
    return f"{100 * mean.mean:.1f} ({100 * mean.low:.1f}-{100 * mean.high:.1f})"


def _conditions(summaries: Sequence[EvaluationSummary]) -> str:
    conditions = summaries[0].conditions
    held = restriction_in_words(conditions)
    greedy = temperature_in_words(conditions.temperature)
    scoring = f", {conditions.scoring}" if conditions.scoring else ""
    return f"{conditions.data_source} tasks{scoring}, at most {conditions.max_actions} actions, {held}, {greedy}"
