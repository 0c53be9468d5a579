"""Each quantity of the theory as a function of episodes, corrections and policies."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import Benchmark, Decision
from leap_kedro.evaluation.intervals import Proportion
from leap_kedro.evaluation.realizability import (
    Recoverability,
    SwappedAdvice,
    SwapTest,
    privilege_divergence,
    recoverability,
    success,
    swap_test,
)
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind
from leap_kedro.pipelines.episodes import settled
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Example, Target, Task
from leap_kedro.records.episode import task_of
from leap_kedro.records.score import ReplyScore
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.players import play_expert
from leap_kedro.teachers.privileged_block import privileged_block
from leap_kedro.teachers.probing import Decider, action_costs, swapped_decisions


def deciding_teacher(benchmark: Benchmark, parameters: CorrectionParameters) -> Decider | None:
    """The teacher, if it can decide in any state; None for language models."""
    how = parameters.teacher
    return OracleTeacher(benchmark, how.expert, parameters.privilege) if how.kind is TeacherKind.ORACLE else None


def planner(benchmark: Benchmark, expert: str) -> Decider:
    """The privileged expert: the oracle teacher at 100 %, which follows a shortest plan."""
    return OracleTeacher(benchmark, expert, privilege=100)


def expert_success(
    benchmark: Benchmark, tasks: Sequence[Task], expert: str, teacher: Decider | None, settings: PlaySettings
) -> Proportion | None:
    """J of a player that follows the teacher (None: the unprivileged expert); None without tasks.

    Args:
        benchmark: The benchmark.
        tasks: Tasks to play, without test tasks.
        expert: Name of the unprivileged expert.
        teacher: The teacher that decides.
        settings: How episodes are played.
    """
    return success(list(play_expert(benchmark, tasks, expert, settings, name="expert", teacher=teacher)))


def sample_episodes(
    rollouts: Sequence[Episode], corrections: Sequence[CorrectedEpisode], count: int, seed: int
) -> list[Episode]:
    """A sample of at most `count` corrected episodes."""
    corrected = {each.episode for each in corrections}
    episodes = [episode for episode in settled(rollouts) if episode.id in corrected]
    return Random(derive_seed(seed, "realizability")).sample(episodes, min(count, len(episodes)))


def measure_recoverability(
    benchmark: Benchmark, episodes: Sequence[Episode], corrections: Sequence[CorrectedEpisode]
) -> Recoverability | None:
    """H over all decisions of the episodes, by replay."""
    environment, oracle = benchmark.environment(), benchmark.oracle()
    by_episode = {each.episode: each for each in corrections}
    return recoverability(
        pair for episode in episodes for pair in action_costs(environment, oracle, episode, by_episode[episode.id])
    )


def run_swap_test(
    benchmark: Benchmark, episodes: Sequence[Episode], expert: str, teacher: Decider, count: int, seed: int
) -> SwapTest | None:
    """The swap test at all decisions of the episodes.

    Args:
        benchmark: The benchmark of the episodes.
        episodes: Episodes of the student.
        expert: Name of the unprivileged expert.
        teacher: The teacher.
        count: Largest number of other privileged states per decision.
        seed: Seed of those states.
    """

    def advice() -> Iterator[SwappedAdvice]:
        environment, oracle = benchmark.environment(), benchmark.oracle()
        for episode in episodes:
            prior = benchmark.expert(expert, episode.seed)
            drawn = derive_seed(seed, "swap", episode.id)
            for given, others in swapped_decisions(environment, oracle, prior, teacher, episode, count, drawn):
                yield SwappedAdvice(_said(given), tuple(map(_said, others)))

    return swap_test(advice())


def held_out_examples(examples: Sequence[Example], share: float, count: int) -> list[Example]:
    """The held-out examples of D_k, at most `count`, sorted by id."""
    found = [example for example in examples if is_held_out(task_of(example.episode), share)]
    return sorted(found, key=lambda example: example.episode)[:count]


def score_policies(
    policies: Sequence[SavedPolicy], examples: Sequence[Example], threads: int
) -> list[list[ReplyScore]]:
    """Scores of the examples' replies under each policy."""
    from leap_kedro.training.scoring import score_replies

    return [score_replies(policy.folder, examples, threads) for policy in policies]


def measure_privilege_divergence(
    benchmark: Benchmark,
    teacher: SavedPolicy,
    episodes: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    privilege: int,
    threads: int,
) -> float | None:
    """KL divergence of a self teacher with the privileged block from the same policy without it, on its own replies.

    Args:
        benchmark: The benchmark of the episodes.
        teacher: The policy that played and taught itself.
        episodes: Its episodes.
        corrections: Its corrections; those without reason or action are left out.
        privilege: Privilege level of the block.
        threads: Threads of torch.
    """
    environment, oracle = benchmark.environment(), benchmark.oracle()
    by_episode = {each.episode: each.corrections for each in corrections}
    informed = []
    for episode in episodes:
        environment.reset(episode.task)
        informed.append(
            _informed(episode, by_episode[episode.id], privileged_block(oracle.state(environment), privilege))
        )
    uninformed = [replace(example, privileged="") for example in informed]
    with_it, without = (score_policies([teacher], examples, threads)[0] for examples in (informed, uninformed))
    return privilege_divergence(with_it, without)


def _informed(episode: Episode, corrections: Sequence[Correction], block: str) -> Example:
    said = (Target(each.step, each.reason, each.action) for each in corrections if each.reason and each.action)
    return Example.of(episode, said, block)


def _said(decision: Decision | None) -> tuple[str, str]:
    return (decision.reason, decision.action) if decision else ("", "")
