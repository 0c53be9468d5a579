"""The results of a policy's episodes.

Infrastructure errors are counted separately and are in no denominator, because they say nothing about the policy.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean
from typing import Annotated

from leap_kedro.evaluation.intervals import Proportion, bootstrap_interval, wilson
from leap_kedro.evaluation.unanswered import MOST_WITHOUT_ACTION, WORTH_A_WARNING, AnswerCount, count_answers
from leap_kedro.records import Episode, ParseStatus, StopReason, UserError
from leap_kedro.records.encoding import ABSENT_IF_FALSE, Plain

SCORE = "score"
"""Name of the whole score beside those of its parts."""


class Role(StrEnum):
    """Role of a split."""

    VALIDATION = "validation"
    """The champion is chosen on it."""
    TEST = "test"
    """It is only reported."""
    OTHER = "other"
    """Any other split that a user evaluates."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a result. Results may be compared only if they agree.

    Attributes:
        environment: Registered name of the environment.
        split: Benchmark's name of the split.
        role: Role of the split.
        max_actions: Cap on actions.
        held_to_admissible: Whether replies were held to the environment's list of admissible actions.
        temperature: Sampling temperature; 0 is greedy; None: the server's own.
        seed: Seed of everything random.
        data_source: Source of the tasks ("generated", "official").
        text_version: Version of the benchmark's texts, if it has versions; otherwise "".
        scoring: Kind of score, if the benchmark has several; otherwise "".
        shown_admissible: Whether prompts listed the admissible actions.
    """

    environment: str
    split: str
    role: Role
    max_actions: int
    held_to_admissible: bool
    temperature: float | None
    seed: int
    data_source: str
    text_version: str = ""
    scoring: str = ""
    shown_admissible: Annotated[bool, ABSENT_IF_FALSE] = False


@dataclass(frozen=True, slots=True)
class KindSummary:
    """Result on one task type.

    Attributes:
        kind: Task type.
        success: Share solved.
        mean_actions: Actions taken, mean over solved and unsolved episodes.
    """

    kind: str
    success: Proportion
    mean_actions: float


@dataclass(frozen=True, slots=True)
class EvaluationSummary(Plain):
    """Result of one policy on one split.

    Attributes:
        policy: Id of the policy.
        iteration: LEAP iteration of the policy (0 for pi_0); None for a policy outside the loop, such as the base.
        conditions: The conditions of the result.
        success: Share of solved episodes.
        mean_actions: Actions taken, mean over solved and unsolved episodes (the paper's figure).
        mean_actions_solved: The same over solved episodes; None if there are none.
        mean_score: Score at the end, 0 to 1.
        mean_parts: Mean of each part of the benchmark's score, by name; an episode without the part counts as 0.
        unanswered_share: Share of replies without an answer: empty, cut off, or not requested because the conversation
            was too long.
        warning: Why the result may say little about the policy; otherwise "".
        score_intervals: If the score has parts: the intervals of its mean, under `SCORE`, and of the mean of each part.
        by_kind: Results by task type, sorted by name.
        invalid_action_share: Share of readable actions that the environment refused.
        unparseable_share: Share of replies without a readable action.
        stop_reasons: Number of episodes by stop reason, including infrastructure errors.
        infrastructure_errors: Number of infrastructure errors, which are not part of any other figure.
        prompt_tokens: Tokens of all prompts, including cached ones; 0 if they were not counted.
        reply_tokens: Tokens of all replies.
    """

    policy: str
    iteration: int | None
    conditions: Conditions
    success: Proportion
    mean_actions: float
    mean_actions_solved: float | None
    mean_score: float
    by_kind: tuple[KindSummary, ...]
    invalid_action_share: float
    unparseable_share: float
    stop_reasons: Mapping[StopReason, int]
    infrastructure_errors: int
    prompt_tokens: int = 0
    reply_tokens: int = 0
    mean_parts: Mapping[str, float] = field(default_factory=dict)
    score_intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unanswered_share: float = 0.0
    warning: str = ""


class NothingMeasured(UserError):
    """There is no episode without an infrastructure error."""


def summarize(
    episodes: Sequence[Episode], conditions: Conditions, policy: str, iteration: int | None
) -> EvaluationSummary:
    """Summarize episodes.

    Args:
        episodes: Episodes of one policy on one split.
        conditions: The conditions under which they were played.
        policy: Id of the policy.
        iteration: Its LEAP iteration; None outside the loop.

    Raises:
        NothingMeasured: If there is no episode without an infrastructure error.
    """
    counted = [episode for episode in episodes if not episode.stop.is_infrastructure]
    if not counted:
        raise NothingMeasured(_why_nothing(episodes, conditions, policy))
    solved = [episode for episode in counted if episode.success]
    steps = [step for episode in counted for step in episode.steps]
    parsed = [step for step in steps if step.parse_status is ParseStatus.OK]
    reasons = Counter(episode.stop for episode in episodes)
    answered = count_answers(counted)
    parts = _part_values(counted)
    scores = {SCORE: [episode.score for episode in counted], **parts} if parts else {}
    return EvaluationSummary(
        policy=policy,
        iteration=iteration,
        conditions=conditions,
        success=_success(counted),
        mean_actions=_mean_actions(counted),
        mean_actions_solved=_mean_actions(solved) if solved else None,
        mean_score=fmean(episode.score for episode in counted),
        by_kind=tuple(_kind_summary(kind, counted) for kind in sorted({episode.task.kind for episode in counted})),
        invalid_action_share=_share(sum(not step.accepted for step in parsed), len(steps)),
        unparseable_share=_share(len(steps) - len(parsed), len(steps)),
        stop_reasons={reason: reasons[reason] for reason in StopReason if reasons[reason]},
        infrastructure_errors=len(episodes) - len(counted),
        prompt_tokens=sum(step.prompt_tokens for step in steps),
        reply_tokens=sum(step.reply_tokens for step in steps),
        mean_parts={name: fmean(values) for name, values in parts.items()},
        score_intervals={name: bootstrap_interval(values) for name, values in scores.items()},
        unanswered_share=answered.share,
        warning=_warning(episodes, counted, answered),
    )


def _warning(episodes: Sequence[Episode], counted: Sequence[Episode], answered: AnswerCount) -> str:
    """Why the result may say little about the policy, as sentences."""
    found = []
    broken = [episode for episode in episodes if episode.stop.is_infrastructure]
    if len(broken) > WORTH_A_WARNING * len(episodes):
        found.append(
            f"{len(broken)} of {len(episodes)} episodes broke and are left out, the last one by: {broken[-1].error}"
        )
    if answered.share > WORTH_A_WARNING:
        found.append(answered.causes())
    steps = [step for episode in counted for step in episode.steps]
    without = sum(step.parse_status is ParseStatus.NO_ACTION for step in steps)
    if without > MOST_WITHOUT_ACTION * len(steps):
        found.append(
            f"{without} of {len(steps)} replies have no action in the form that is asked for: look at replies."
        )
    to_hold = [step.held for step in steps if step.held is not None]
    if len(set(to_hold)) > 1:
        free = to_hold.count(False)
        found.append(f"{free} of {len(to_hold)} replies were not held to the admissible actions: see the run's log.")
    return " ".join(found)


def _success(episodes: Sequence[Episode]) -> Proportion:
    return wilson(sum(episode.success for episode in episodes), len(episodes))


def _part_values(episodes: Sequence[Episode]) -> dict[str, list[float]]:
    names = sorted({name for episode in episodes for name in episode.parts})
    return {name: [episode.parts.get(name, 0.0) for episode in episodes] for name in names}


def _mean_actions(episodes: Sequence[Episode]) -> float:
    return fmean(len(episode.steps) for episode in episodes)


def _kind_summary(kind: str, episodes: Sequence[Episode]) -> KindSummary:
    of_kind = [episode for episode in episodes if episode.task.kind == kind]
    return KindSummary(kind, _success(of_kind), _mean_actions(of_kind))


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


def _why_nothing(episodes: Sequence[Episode], conditions: Conditions, policy: str) -> str:
    where = f"policy '{policy}' on split '{conditions.split}' of '{conditions.environment}'"
    if not episodes:
        return f"No episodes of {where}: nothing to sum up. Does the split have tasks?"
    return (
        f"All {len(episodes)} episodes of {where} broke before they said anything about the policy; "
        f"the first: {episodes[0].error or episodes[0].stop.value}. Correct that and run the same command again."
    )
