"""The manifests of the experiments of a comparison -> summary, table and figure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from leap_kedro.evaluation.methods import COSTS, MethodSummary, method_rows, summarize_methods
from leap_kedro.evaluation.seeds import SeedResult
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.pipelines.iteration import create_start
from leap_kedro.pipelines.methods.methods import METHODS, experiment_name, parts_of
from leap_kedro.records import UserError


class NothingToCompare(UserError):
    """No experiment of the comparison is finished."""


Files = Mapping[str, Callable[[], Mapping[str, Any]]]
"""One file per iteration of all experiments of the project, by folder (``NAME/iter_1``), each as a function that loads
it."""


def summarize(manifests: Files, trainings: Files, experiment: str) -> list[dict[str, Any]]:
    """One summary per method and iteration, over the seeds that have finished it.

    Args:
        manifests: The manifests.
        trainings: The reports of the trainings.
        experiment: Name of the comparison.

    Raises:
        NothingToCompare: If there is none of this comparison.
    """
    names = dict.fromkeys(name.partition("/")[0] for name in manifests)
    seeds: dict[str, list[int]] = {}
    for method, seed in filter(None, (parts_of(name, experiment) for name in names)):
        seeds.setdefault(method, []).append(seed)
    results: dict[tuple[str, int], list[SeedResult]] = {}
    for method in (name for name in METHODS if name in seeds):
        for seed in sorted(seeds[method]):
            for iteration, result in _results(manifests, trainings, experiment_name(experiment, method, seed), seed):
                results.setdefault((method, iteration), []).append(result)
    if not results:
        raise NothingToCompare(
            f"No experiment of the comparison '{experiment}' is finished. Run it:  "
            f"kedro leap compare --experiment={experiment}"
        )
    return [summary.to_json() for summary in summarize_methods(results)]


def _results(manifests: Files, trainings: Files, name: str, seed: int) -> Iterator[tuple[int, SeedResult]]:
    """The results of one experiment by iteration, with the costs so far."""
    spent, start = dict.fromkeys(COSTS, 0.0), {node.short_name for node in create_start().nodes}
    for iteration in count():
        place = f"{name}/iter_{iteration}"
        if place not in manifests:
            return
        manifest = manifests[place]()
        policy = f"pi_{iteration}"
        evaluations = [
            each for each in EvaluationSummary.all_from_json(manifest["evaluations"]) if each.policy == policy
        ]
        if iteration:
            for cost, value in manifest["costs"].items():
                spent[cost] += value
            report = trainings[place]()
            spent["training_tokens"] += sum(part.get("tokens", 0) for part in (report, report.get("dpo", {})))
            spent["minutes"] += sum(seconds for node, seconds in manifest["seconds"].items() if node not in start) / 60
        yield iteration, SeedResult(seed, tuple(evaluations), dict(spent))


def tabulate(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a data frame, one row per method, iteration and split."""
    import pandas as pd

    return pd.DataFrame(method_rows(MethodSummary.all_from_json(summary)))


def draw(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a figure: success against episodes played."""
    from leap_kedro.reports.methods import methods_figure

    titles = {name: method.title for name, method in METHODS.items()}
    return methods_figure(MethodSummary.all_from_json(summary), titles)
