"""What is measured on one episode or task: functions to load where the work runs."""

from collections.abc import Callable

from leap_kedro.environments.protocol import Benchmark, Decision, EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.evaluation.realizability import SwappedAdvice
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import CorrectedEpisode, Episode, Task
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.players import play_expert
from leap_kedro.teachers.probing import action_costs, swapped_decisions
from leap_kedro.teachers.unprivileged import expert_of


def load_player(
    spec: EnvironmentSpec, expert: str, privilege: int | None, settings: PlaySettings
) -> Callable[[Task], Episode]:
    """A task -> the episode of the oracle teacher of that level (None: of the unprivileged expert)."""
    benchmark = make_benchmark(spec)
    teacher = None if privilege is None else OracleTeacher(benchmark, expert, privilege)

    def episode(task: Task) -> Episode:
        (played,) = play_expert(benchmark, [task], expert, settings, name="expert", teacher=teacher)
        return played

    return episode


def load_costs(spec: EnvironmentSpec) -> Callable[[tuple[Episode, CorrectedEpisode]], list[tuple[int, int]]]:
    """An episode and its corrections -> the pairs of `action_costs`."""
    benchmark: Benchmark = make_benchmark(spec)
    environment, oracle = benchmark.environment(), benchmark.oracle()
    return lambda pair: list(action_costs(environment, oracle, *pair))


def load_swaps(
    spec: EnvironmentSpec, expert: str, privilege: int, count: int, seed: int
) -> Callable[[Episode], list[SwappedAdvice]]:
    """An episode -> the oracle teacher's advice at each decision, and with other hidden facts.

    Args:
        spec: The environment.
        expert: Name of the unprivileged expert.
        privilege: Level of the teacher.
        count: Largest number of other privileged states per decision.
        seed: Seed of those states.
    """
    benchmark = make_benchmark(spec)
    environment, oracle = benchmark.environment(), benchmark.oracle()
    teacher = OracleTeacher(benchmark, expert, privilege)

    def swaps(episode: Episode) -> list[SwappedAdvice]:
        prior = expert_of(benchmark, expert, episode.seed)
        drawn = derive_seed(seed, "swap", episode.id)
        decisions = swapped_decisions(environment, oracle, prior, teacher, episode, count, drawn)
        return [SwappedAdvice(_said(given), tuple(map(_said, others))) for given, others in decisions]

    return swaps


def _said(decision: Decision | None) -> tuple[str, str]:
    return (decision.reason, decision.action) if decision else ("", "")
