"""What the ablation does beside the stages of the loop: sets the level, measures, sums up."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.evaluation.ablation import LevelResult, LevelSummary, level_rows, summarize_levels
from leap_kedro.evaluation.realizability import gap, leak_rate
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.pipelines.ablation.parameters import AblationParameters
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.records import CorrectedEpisode, Example, Verdict
from leap_kedro.records.episode import task_of
from leap_kedro.teachers.constrained import LEVELS


class NoSeedFinished(ValueError):
    """There is nothing to sum up."""


def at_level(privilege: int) -> Callable[[CorrectionParameters], CorrectionParameters]:
    """A node that gives the parameters of the correction at one privilege level, whatever level they name."""

    def set_privilege(parameters: CorrectionParameters) -> CorrectionParameters:
        return parameters.model_copy(update={"privilege": privilege})

    return set_privilege


def measure_level(
    policy: SavedPolicy,
    corrections: Sequence[CorrectedEpisode],
    examples: Sequence[Example],
    aggregation: AggregationParameters,
) -> dict[str, float]:
    """Realizability at one privilege level: leak rate, and the gap on corrections that no training has seen.

    Args:
        policy: The policy trained at that level.
        corrections: What the teacher said of the rollouts.
        examples: D_1, what of it was accepted.
        aggregation: Which of them are held out.

    Returns:
        Measures by name; what could not be measured is left out.
    """
    from leap_kedro.training.scoring import score_replies

    judged = [each for corrected in corrections for each in corrected.corrections]
    measures: dict[str, float] = {}
    if leaks := leak_rate(judged):
        measures["leak_rate"] = leaks.rate
        measures["corrected_share"] = sum(each.verdict is Verdict.CORRECT for each in judged) / len(judged)
        measures["rejected_share"] = sum(not each.accepted for each in judged) / len(judged)
    held_out = [example for example in examples if is_held_out(task_of(example.episode), aggregation.held_out)]
    if found := gap(score_replies(policy.folder, held_out)):
        measures["gap_l1"] = found.l1
        measures["gap_cross_entropy"] = found.cross_entropy
        measures["gap_top1_error"] = found.top1_error
    return measures


def gather_levels(seed: int, pi_0: Sequence[Mapping[str, Any]], *levels: Any) -> list[dict[str, Any]]:
    """All results of one seed.

    Args:
        seed: The seed.
        pi_0: Evaluation of pi_0.
        levels: By rising privilege: evaluation and measures of the first level, of the second ...
    """
    taught = zip(LEVELS, levels[::2], levels[1::2], strict=True)
    return [
        LevelResult(seed, None, _summaries(pi_0), {}).to_json(),
        *(
            LevelResult(seed, privilege, _summaries(evaluation), measures).to_json()
            for privilege, evaluation, measures in taught
        ),
    ]


def sum_up(
    results: Mapping[int, Sequence[Mapping[str, Any]]], parameters: AblationParameters, seed: int
) -> list[dict[str, Any]]:
    """One summary a level, over the seeds that the parameters name.

    Args:
        results: Results by seed, of all seeds on disk.
        parameters: How many seeds.
        seed: The first of them.

    Raises:
        NoSeedFinished: If none of them is there.
    """
    wanted = [results[each] for each in range(seed, seed + parameters.seeds) if each in results]
    if not wanted:
        raise NoSeedFinished("No seed of the ablation is finished: kedro run --pipelines=realizability_ablation")
    levels = summarize_levels(LevelResult.from_json(plain) for of_seed in wanted for plain in of_seed)
    return [level.to_json() for level in levels]


def tabulate(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a data frame, one row a level and split."""
    import pandas as pd

    return pd.DataFrame(level_rows(_levels(summary))).astype({"privilege": "Int64"})


def draw(summary: Sequence[Mapping[str, Any]]) -> Any:
    """The summary as a figure."""
    from leap_kedro.reports.ablation import ablation_figure

    return ablation_figure(_levels(summary))


def _levels(summary: Sequence[Mapping[str, Any]]) -> list[LevelSummary]:
    return [LevelSummary.from_json(plain) for plain in summary]


def _summaries(evaluation: Sequence[Mapping[str, Any]]) -> tuple[EvaluationSummary, ...]:
    return tuple(EvaluationSummary.from_json(plain) for plain in evaluation)
