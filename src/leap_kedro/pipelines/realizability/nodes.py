"""The realizability of one iteration."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.evaluation.realizability import (
    Bound,
    Recoverability,
    actions,
    bound,
    gap,
    leak_rate,
    regret,
    success,
)
from leap_kedro.evaluation.success import EvaluationSummary, Role
from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.history import History, before
from leap_kedro.pipelines.playing import play_settings
from leap_kedro.pipelines.realizability import measures
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.records import CorrectedEpisode, Episode, Example, Task, Verdict
from leap_kedro.teachers.unprivileged import NO_EXPERT

_PLANNER = 100  # the level that follows a shortest plan
_OUTSIDE = -1  # iteration of episodes outside the loop


def measure_experts(
    tasks: Mapping[str, Sequence[Task]],
    correction: CorrectionParameters,
    evaluation: EvaluationParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
) -> dict[str, list[Episode]]:
    """Episodes of the teacher and of both experts, on the validation tasks and with the cap on actions of the student.

    Args:
        tasks: Tasks by split; privileged state is never built for test tasks.
        correction: The teacher.
        evaluation: How policies are evaluated, in particular the cap on actions.
        compute: Where experts play and episodes are replayed.
        environment: Name of the environment.
        environments: Options by environment.

    Returns:
        ``unprivileged_expert``, ``teacher`` (none if it is a language model, which cannot play), ``privileged_expert``
        (the planner). None of a player whom the environment lacks.
    """
    spec, how = environment_spec(environment, environments), correction.teacher
    settings = play_settings(evaluation, run_seed=0, iteration=_OUTSIDE)
    plans = Capability.PLAN in capabilities(make_benchmark(spec))

    def played(privilege: int | None) -> list[Episode]:
        return measures.expert_episodes(spec, tasks["validation"], how.expert, privilege, settings, compute)

    return {
        "unprivileged_expert": played(None) if how.expert != NO_EXPERT else [],
        "teacher": played(correction.privilege) if how.kind is TeacherKind.ORACLE else [],
        "privileged_expert": played(_PLANNER) if plans else [],
    }


def measure_realizability(
    rollouts: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    history: History,
    policy: SavedPolicy,
    evaluation: Sequence[Mapping[str, Any]],
    tasks: Mapping[str, Sequence[Task]],
    correction: CorrectionParameters,
    aggregation: AggregationParameters,
    parameters: RealizabilityParameters,
    playing: EvaluationParameters,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    iteration: int,
) -> dict[str, Any]:
    """All quantities of one iteration, or of one level of an ablation.

    Args:
        rollouts: Episodes of pi_{k-1}.
        corrections: The teacher's corrections of them.
        history: The earlier iterations; pi_0..pi_{k-1} are compared with pi_k in hindsight.
        policy: pi_k.
        evaluation: Summaries of its evaluation.
        tasks: Tasks by split; teacher and experts play the validation tasks.
        correction: The teacher and its privilege level.
        aggregation: The share of held-out tasks.
        parameters: Sample sizes.
        playing: How policies are evaluated, in particular the cap on actions.
        compute: Where experts play and episodes are replayed.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the samples.
        iteration: k.

    Returns:
        Plain values: ``success``, ``recoverability``, ``gap``, ``regret``, ``bound``, ``swap_test``, ``leak_rate`` and
        ``privilege_divergence``; None where there was nothing to measure.
    """
    spec = environment_spec(environment, environments)
    examples = build_examples(rollouts, corrections, correction)
    policies = [*(past.policy() for past in before(history, iteration)), policy]
    experts = measure_experts(tasks, correction, playing, compute, environment, environments)
    episodes = measures.sample_episodes(rollouts, corrections, parameters.episodes, seed)
    how, privilege = correction.teacher, correction.privilege
    swapped = divergence = None
    if how.kind is TeacherKind.ORACLE:
        sizes = parameters.alternatives, seed, compute
        swapped = measures.run_swap_test(spec, episodes, how.expert, privilege, *sizes)
    if how.kind is TeacherKind.SELF and not how.served:
        divergence = measures.measure_privilege_divergence(
            make_benchmark(spec), policies[-2], episodes, corrections, privilege, parameters.threads
        )
    cost = measures.measure_recoverability(spec, episodes, corrections, compute)
    distances = measure_gap(corrections, examples, policies, aggregation, parameters)
    summary = _on_validation(evaluation)
    return {
        "success": {
            "student": _plain(summary and summary.success),
            **{name: _plain(success(of_expert)) for name, of_expert in experts.items()},
        },
        "recoverability": _plain(cost),
        **distances,
        "bound": _plain(_bound(summary, actions(experts["teacher"], playing.max_actions), cost, distances)),
        "swap_test": _plain(swapped),
        "leak_rate": _plain(leak_rate(each for corrected in corrections for each in corrected.corrections)),
        "privilege_divergence": divergence,
    }


def measure_gap(
    corrections: Sequence[CorrectedEpisode],
    examples: Sequence[Example],
    policies: Sequence[SavedPolicy],
    aggregation: AggregationParameters,
    parameters: RealizabilityParameters,
) -> dict[str, Any]:
    """The gap (eps) and the regret (gamma), on the held-out episodes of D_k; arguments as in `measure_realizability`.

    Returns:
        ``gap`` (``after``: of the trained policy; ``after_on_changes``: the same on replies that change the student's
        action; ``before``: of the policy that played) and ``regret``; None if there are no held-out episodes.
    """
    held_out = measures.held_out_examples(examples, aggregation.held_out_share, parameters.held_out)
    scores = measures.score_policies(policies, held_out, parameters.threads)
    changes = {
        (each.episode, each.step)
        for corrected in corrections
        for each in corrected.corrections
        if each.verdict is Verdict.CORRECT
    }
    gaps = [found for of_policy in scores if (found := gap(of_policy))]
    return {
        "gap": {
            "after": _plain(gap(scores[-1])),
            "after_on_changes": _plain(gap([each for each in scores[-1] if (each.episode, each.step) in changes])),
            "before": _plain(gap(scores[-2])),
        },
        "regret": _plain(regret(gaps, len(gaps) - 2)) if gaps else None,
    }


def _on_validation(evaluation: Sequence[Mapping[str, Any]]) -> EvaluationSummary | None:
    summaries = EvaluationSummary.all_from_json(evaluation)
    return next((summary for summary in summaries if summary.conditions.role is Role.VALIDATION), None)


def _bound(
    student: EvaluationSummary | None, teacher: float | None, cost: Recoverability | None, distances: Mapping[str, Any]
) -> Bound | None:
    if student is None or teacher is None or cost is None or distances["regret"] is None:
        return None
    cap, solved = student.conditions.max_actions, student.success.rate
    needed = solved * (student.mean_actions_solved or 0) + (1 - solved) * cap
    return bound(teacher, needed, cap, cost, distances["gap"]["after"]["l1"], distances["regret"]["l1"])


def _plain(value: Any) -> Any:
    return None if value is None else asdict(value)
