"""The quantities of LEAP's theory: recoverability, realizability gap, regret and use of privilege.

Source: Choudhury and Sodhi, "Better than Your Teacher: LLM Agents that Learn from Privileged AI Feedback" (LEAP, ICLR
2025, arXiv 2410.05434): the best of the policies pi_0..pi_N is about as good as the expert pi^E, up to
``H(pi^E) [ eps(pi^E) + gamma(N) ]`` per step. These functions neither play nor read files. They return None if there is
nothing to measure.

The inequality holds for the worst case over all states; these are means (and the largest value) over sampled states.
`bound` states what it would allow with them.
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
    """H: the cost of the student's action compared with the expert's, with optimal play afterwards.

    Attributes:
        decisions: Number of decisions.
        mean: Mean of ``|c_student - c_expert|``, in actions.
        maximum: The largest of them: the H of the theory over the sampled states.
    """

    decisions: int
    mean: float
    maximum: int


@dataclass(frozen=True, slots=True)
class Gap:
    """eps: the distance of a policy from a teacher, on replies on which the policy was not trained.

    Attributes:
        replies: Number of scored replies of the teacher.
        top1_error: Share of them that the policy would not give word for word by greedy decoding.
        cross_entropy: Mean of ``-log p(reply | history)``, in nats per reply.
        l1: Mean of ``2 (1 - p(reply | history))``, 0 to 2: the L1 distance between the policy's distribution over
            replies and a deterministic teacher, an upper bound of their distance over actions.
    """

    replies: int
    top1_error: float
    cross_entropy: float
    l1: float


@dataclass(frozen=True, slots=True)
class Regret:
    """gamma: loss of the policy that played, minus that of the best one in hindsight, on corrections of its episodes.

    Attributes:
        cross_entropy: Difference of the cross-entropies, in nats per reply; 0 or more.
        l1: Difference of the L1 distances, 0 to 2.
    """

    cross_entropy: float
    l1: float


@dataclass(frozen=True, slots=True)
class SwappedAdvice:
    """A teacher's advice at one decision, and its advice under other hidden facts.

    Attributes:
        given: Reason and action.
        otherwise: Reason and action under each other privileged state that the same history allows; empty if the
            history allows no other.
    """

    given: tuple[str, str]
    otherwise: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SwapTest:
    """How much the teacher's advice depends on facts that the student cannot know.

    Attributes:
        decisions: Number of decisions.
        open_share: Share of them at which the history allows other privileged states.
        action_changed: At those, the mean share of other privileged states under which the action changes.
        advice_changed: The same for reason or action.
    """

    decisions: int
    open_share: float
    action_changed: float
    advice_changed: float


@dataclass(frozen=True, slots=True)
class Bound:
    """Theorem 3.2 with measured quantities, in actions per episode; a task that is not solved costs all T of the cap.

    Attributes:
        teacher: Actions of the teacher.
        student: Actions of the student.
        allowed: Largest number of the student's that the theorem allows, with the mean H.
        allowed_by_maximum: The same with the largest H.
    """

    teacher: float
    student: float
    allowed: float
    allowed_by_maximum: float


def bound(teacher: float, student: float, cap: int, cost: Recoverability, eps: float, gamma: float) -> Bound:
    """What the theorem allows.

    Source: ``(1/T) J(pi) >= (1/T) J(pi^E) - H(pi^E) [eps(pi^E) + gamma(N)]`` with the reward -1 per action.

    Args:
        teacher: Actions of the teacher, as `actions` gives them.
        student: Actions of the student.
        cap: T.
        cost: H.
        eps: The gap, as an L1 distance.
        gamma: The regret, likewise.
    """
    allowed, by_maximum = (teacher + cap * each * (eps + gamma) for each in (cost.mean, cost.maximum))
    return Bound(teacher, student, allowed, by_maximum)


def actions(episodes: Sequence[Episode], cap: int) -> float | None:
    """-J in actions: the mean over episodes, without infrastructure errors; `cap` for one that was not solved."""
    counted = [episode for episode in episodes if not episode.stop.is_infrastructure]
    return fmean(len(each.steps) if each.success else cap for each in counted) if counted else None


def success(episodes: Sequence[Episode]) -> Proportion | None:
    """J: share of solved episodes with its Wilson interval, without infrastructure errors."""
    counted = [episode for episode in episodes if not episode.stop.is_infrastructure]
    return wilson(sum(episode.success for episode in counted), len(counted)) if counted else None


def recoverability(costs: Iterable[tuple[int, int]]) -> Recoverability | None:
    """H from pairs of costs to the goal after the student's and after the expert's action, one per decision.

    Source: H(pi^E) = max |A^{pi^E}(s, a)| of the paper, with the planner's cost-to-go instead of the expert's value.
    """
    differences = [abs(students - experts) for students, experts in costs]
    return Recoverability(len(differences), fmean(differences), max(differences)) if differences else None


def gap(scores: Sequence[ReplyScore]) -> Gap | None:
    """The gap of one policy, from its scores of a teacher's replies.

    Source: eps(pi^E) of the paper is the least mean L1 distance of any policy on the states that students visit. For
    a policy and a deterministic teacher with the reply y it is
    ``|1 - p(y)| + sum over other replies = 2 (1 - p(y))``. A trained policy gives an upper bound.
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
    loss of the policy that played, on the corrections of its own episodes, minus that of the best policy in hindsight.

    Args:
        gaps: Gaps of pi_0..pi_k on those corrections.
        player: Index of the policy that played, k - 1.
    """
    return Regret(
        cross_entropy=gaps[player].cross_entropy - min(each.cross_entropy for each in gaps),
        l1=gaps[player].l1 - min(each.l1 for each in gaps),
    )


def swap_test(advice: Iterable[SwappedAdvice]) -> SwapTest | None:
    """Shares of changed advice over all decisions.

    With privileged states drawn from those that the history allows, `action_changed` is an upper bound of half the
    least L1 distance of any student from the teacher's actions: if p_a is the probability of advice a, the best guess
    errs by ``1 - max p_a <= 1 - sum p_a^2``, the probability that two draws differ.
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
    """Share of the corrected steps, including rejected ones, whose reason reveals unseen facts."""
    leaks = [bool(correction.leaked) for correction in corrections]
    return wilson(sum(leaks), len(leaks)) if leaks else None


def privilege_divergence(informed: Sequence[ReplyScore], uninformed: Sequence[ReplyScore]) -> float | None:
    """Kullback-Leibler divergence of a teacher with the privileged state from the same one without, in nats a reply.

    The estimate is the mean of ``log p(reply | history, privileged) - log p(reply | history)`` over the teacher's own
    replies. It is unbiased if they are sampled with privilege; for greedy replies it is their gain in log-probability.

    Args:
        informed: Scores of its replies with the privileged state in the prompt.
        uninformed: Scores of the same replies, in the same order, without it.
    """
    gains = [with_it.logprob - without.logprob for with_it, without in zip(informed, uninformed, strict=True)]
    return fmean(gains) if gains else None


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else 0.0
