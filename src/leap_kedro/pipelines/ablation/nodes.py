"""The nodes of the ablation besides the stages of the loop: they set the level and summarize the results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leap_kedro.evaluation.ablation import (
    LevelResult,
    LevelSummary,
    level_rows,
    realizability_measures,
    summarize_levels,
)
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.teachers.constrained import LEVELS


def at_level(privilege: int) -> Callable[[CorrectionParameters], CorrectionParameters]:
    """A node that replaces the privilege level in the parameters of the correction."""

    def set_privilege(parameters: CorrectionParameters) -> CorrectionParameters:
        return parameters.model_copy(update={"privilege": privilege})

    return set_privilege


def first_iteration() -> int:
    """The iteration that each level stands for, independent of the iteration of the loop."""
    return 1


def gather_levels(seed: int, pi_0: Sequence[Mapping[str, Any]], *levels: Any) -> list[dict[str, Any]]:
    """All results of one seed; `levels` alternates evaluation and realizability, by rising privilege."""
    taught = zip(LEVELS, levels[::2], levels[1::2], strict=True)
    return [
        LevelResult(seed, None, _summaries(pi_0), {}).to_json(),
        *(
            LevelResult(seed, privilege, _summaries(evaluation), realizability_measures(measured)).to_json()
            for privilege, evaluation, measured in taught
        ),
    ]


def sum_up(newest: Sequence[Any], results: Mapping[str, Callable[[], Any]]) -> list[dict[str, Any]]:
    """One summary per level, over all finished seeds.

    Args:
        newest: Results of the seed of this run, which must be stored first.
        results: Results of all seeds on disk, by folder (``seed_0`` ...), each as a function that loads them.
    """
    by_seed = sorted(results.items(), key=lambda item: int(item[0].rpartition("_")[2]))
    levels = summarize_levels(LevelResult.from_json(plain) for _, load in by_seed for plain in load())
    return [level.to_json() for level in levels]


def tabulate(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a data frame, one row per level and split."""
    import pandas as pd

    return pd.DataFrame(level_rows(LevelSummary.all_from_json(summary))).astype({"privilege": "Int64"})


def draw(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a figure."""
    from leap_kedro.reports.ablation import ablation_figure

    return ablation_figure(LevelSummary.all_from_json(summary))


def _summaries(evaluation: Sequence[Mapping[str, Any]]) -> tuple[EvaluationSummary, ...]:
    return tuple(EvaluationSummary.all_from_json(evaluation))
