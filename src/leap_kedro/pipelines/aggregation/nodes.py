"""D_k, and the training set of iteration k."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.holding_out import may_be_trained_on
from leap_kedro.pipelines.aggregation.own_replies import compared_replies, informed_replies
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters, Mix
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.history import History, before
from leap_kedro.pipelines.training.parameters import Method, TrainingParameters
from leap_kedro.records import CorrectedEpisode, Episode, Example
from leap_kedro.records.seeds import derive_seed


def learn_from(
    rollouts: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    correction: CorrectionParameters,
    training: TrainingParameters,
) -> list[Example]:
    """D_k: the accepted corrections, or what the method learns instead.

    Args:
        rollouts: Episodes of the student.
        corrections: The teacher's corrections of them.
        correction: Privilege level, and how much of each episode is learnt.
        training: The method.
    """
    match training.method:
        case Method.GRPO:
            return compared_replies(rollouts)
        case Method.DISTILL:
            return informed_replies(rollouts, corrections, correction.privilege)
        case _:
            return build_examples(rollouts, corrections, correction)


def training_set_of(
    history: History,
    newest: Sequence[Example],
    parameters: AggregationParameters,
    training: TrainingParameters,
    seed: int,
    iteration: int,
) -> list[Example]:
    """The mix, or D_k alone for a method that learns from the student's present replies; see `mix`."""
    if training.method.on_policy:
        return _in_order(newest, 0.0)
    return mix(history, newest, parameters, seed, iteration)


def mix(
    history: History, newest: Sequence[Example], parameters: AggregationParameters, seed: int, iteration: int
) -> list[Example]:
    """The training set of iteration k, without the held-out tasks.

    Args:
        history: The earlier iterations, with D_0..D_{k-1}.
        newest: D_k.
        parameters: How much of each D_i is taken.
        seed: Seed of the samples.
        iteration: k.

    Returns:
        Examples, each D_i sorted by episode id. An empty D_i (a student without faults) does not limit the others.
    """
    earlier = [past.examples() for past in before(history, iteration)]
    parts = [_in_order(part, parameters.held_out_share) for part in (*earlier, newest)]
    match parameters.mix:
        case Mix.ALL:
            return [example for part in parts for example in part]
        case Mix.WEIGHTED:
            weights = [parameters.recency ** (len(parts) - 1 - place) for place in range(len(parts))]
            return [_weighted(example, weight) for part, weight in zip(parts, weights, strict=True) for example in part]
        case Mix.EQUAL_SHARE:
            smallest = min((len(part) for part in parts if part), default=0)
            return [
                example
                for place, part in enumerate(parts)
                for example in _sample(part, smallest, derive_seed(seed, "mix", len(parts) - 1, place))
            ]


def _in_order(part: Sequence[Example], held_out: float) -> list[Example]:
    kept = (example for example in part if may_be_trained_on(example, held_out))
    return sorted(kept, key=lambda example: example.episode)


def _weighted(example: Example, weight: float) -> Example:
    return replace(example, targets=tuple(replace(target, weight=target.weight * weight) for target in example.targets))


def _sample(part: Sequence[Example], count: int, seed: int) -> Iterable[Example]:
    chosen = Random(seed).sample(range(len(part)), min(count, len(part)))
    return (part[place] for place in sorted(chosen))
