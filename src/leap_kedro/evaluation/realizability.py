"""What LEAP's theory names, from plain numbers: recoverability, realizability gap, regret, privilege used.

Source: Choudhury and Sodhi, "Better than Your Teacher: LLM Agents that Learn from Privileged AI Feedback" (LEAP, ICLR
2025, arXiv 2410.05434): the best of the policies pi_0..pi_N is about as good as the expert pi^E, up to
``H(pi^E) [ eps(pi^E) + gamma(N) ]`` a step. These functions neither play nor read files. Each gives None where there is
nothing to measure.

NOT covered: the inequality itself is not evaluated. It bounds returns by the worst case over all states, while these
are means over the states that were sampled (and the largest value among them).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from statistics import fmean

from leap_kedro.evaluation.intervals import Proportion, wilson
from leap_kedro.records import Correction, Episode
from leap_kedro.records.score import ReplyScore


@dataclass(frozen=True, slots=True)
class Recoverability:
    """H: what the student's own action costs against the expert's, if the rest is played as well as possible.

    Attributes:
        decisions: Decisions looked at.
        mean: Mean of ``|c_student - c_expert|``, in actions.
        maximum: The largest of them, the H of the theory as far as it was met.
    """

    decisions: int
    mean: float
    maximum: int


@dataclass(frozen=True, slots=True)
class Gap:
    """eps: how far a policy is from a teacher, on replies that the policy was not trained on.

    Attributes:
        replies: Replies of the teacher that were scored.
        top1_error: Share of them that the policy, decoding greedily, would not give word for word.
        cross_entropy: Mean of ``-log p(reply | history)``, in nats a reply.
        l1: Mean of ``2 (1 - p(reply | history))``, 0 to 2: the L1 distance between the policy's distribution over
            replies and a teacher that gives one reply for sure. No less than their distance over actions alone.
    """

    replies: int
    top1_error: float
    cross_entropy: float
    l1: float


@dataclass(frozen=True, slots=True)
class Regret:
    """gamma: what the policy that played lost on the corrections of its own episodes to the best one in hindsight.

    Attributes:
        cross_entropy: Difference of the cross-entropies, in nats a reply; 0 or more.
        l1: Difference of the L1 distances, 0 to 2.
    """

    cross_entropy: float
    l1: float


@dataclass(frozen=True, slots=True)
class SwappedAdvice:
    """What a teacher says at one decision, and what it would say were the hidden facts others.

    Attributes:
        given: Reason and action.
        otherwise: Reason and action under each other privileged state that the same history allows; empty where the
            history leaves nothing open.
    """

    given: tuple[str, str]
    otherwise: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SwapTest:
    """How much of the teacher's advice hangs on what the student cannot know.

    Attributes:
        decisions: Decisions looked at.
        open_share: Share of them at which the history leaves the hidden facts open.
        action_changed: At those, the mean share of other privileged states under which the action is another.
        advice_changed: The same for reason or action.
    """

    decisions: int
    open_share: float
    action_changed: float
    advice_changed: float


def success(episodes: Sequence[Episode]) -> Proportion | None:
    """J: share of episodes solved, with Wilson interval; those that broke are left out."""
    counted = [episode for episode in episodes if not episode.stop.is_infrastructure]
    return wilson(sum(episode.success for episode in counted), len(counted)) if counted else None


def recoverability(costs: Iterable[tuple[int, int]]) -> Recoverability | None:
    """H from pairs (least actions to the goal after the student's action, after the expert's), one a decision.

    Source: H(pi^E) = max |A^{pi^E}(s, a)| of the paper, with the planner's cost-to-go in the place of the expert's own
    value: the difference of two actions' values in the same state.
    """
    differences = [abs(students - experts) for students, experts in costs]
    return Recoverability(len(differences), fmean(differences), max(differences)) if differences else None


def gap(scores: Sequence[ReplyScore]) -> Gap | None:
    """The gap of one policy, from its scores of a teacher's replies.

    Source: eps(pi^E) of the paper is the least mean L1 distance that any policy reaches on the states that students
    visit. Between a policy and a teacher that gives the reply y for sure it is
    ``|1 - p(y)| + sum over other replies = 2 (1 - p(y))``. A policy that was trained gives an upper bound of the least.
    """
    if not scores:
        return None
    return Gap(
        replies=len(scores),
        top1_error=fmean(not score.greedy for score in scores),
        cross_entropy=-fmean(score.logprob for score in scores),
        l1=fmean(2 * (1 - exp(score.logprob)) for score in scores),
    )


def regret(gaps: Sequence[Gap], player: int) -> Regret:
    """The regret of one iteration.

    Source: gamma(N) of the paper is the average regret of the updates, as in DAgger (Ross et al., AISTATS 2011): the
    loss of the policy that played, on what its own episodes brought, minus that of the best policy in hindsight; here
    the best of those there are.

    Args:
        gaps: Those of pi_0..pi_k on the same replies, the corrections of the player's episodes.
        player: Index of the policy that played, k - 1.
    """
    return Regret(
        cross_entropy=gaps[player].cross_entropy - min(each.cross_entropy for each in gaps),
        l1=gaps[player].l1 - min(each.l1 for each in gaps),
    )


def swap_test(advice: Iterable[SwappedAdvice]) -> SwapTest | None:
    """Shares of changed advice, over all decisions that were looked at.

    With privileged states drawn from what the history leaves possible, half the least L1 distance from the teacher's
    actions that any student can reach there is at most `action_changed`: if p_a is the chance of advice a, the best
    guess errs by ``1 - max p_a <= 1 - sum p_a^2``, the chance that two draws differ.
    """
    given = list(advice)
    if not given:
        return None
    undecided = [each for each in given if each.otherwise]
    return SwapTest(
        decisions=len(given),
        open_share=len(undecided) / len(given),
        action_changed=_mean(fmean(other[1] != each.given[1] for other in each.otherwise) for each in undecided),
        advice_changed=_mean(fmean(other != each.given for other in each.otherwise) for each in undecided),
    )


def leak_rate(corrections: Iterable[Correction]) -> Proportion | None:
    """Share of judged steps, rejected ones included, whose reason names what the student had not seen."""
    leaks = [bool(correction.leaked) for correction in corrections]
    return wilson(sum(leaks), len(leaks)) if leaks else None


def privilege_divergence(informed: Sequence[ReplyScore], uninformed: Sequence[ReplyScore]) -> float | None:
    """Kullback-Leibler divergence of a teacher with the privileged state from the same one without, in nats a reply.

    Estimated as the mean of ``log p(reply | history, privileged) - log p(reply | history)`` over the teacher's own
    replies, which is unbiased where they are sampled with privilege; for greedy replies it is the gain in
    log-probability of what it said.

    Args:
        informed: Scores of its replies with the privileged state in the prompt.
        uninformed: Scores of the same replies, in the same order, without it.
    """
    gains = [with_it.logprob - without.logprob for with_it, without in zip(informed, uninformed, strict=True)]
    return fmean(gains) if gains else None


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else 0.0
