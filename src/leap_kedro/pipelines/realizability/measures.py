"""Each quantity of the theory as a function of episodes, corrections and policies."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from random import Random

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.each import in_place, of_each
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.evaluation.realizability import (
    Recoverability,
    SwapTest,
    privilege_divergence,
    recoverability,
    swap_test,
)
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.realizability.probes import load_costs, load_player, load_swaps
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Example, Target, Task
from leap_kedro.records.episode import task_of
from leap_kedro.records.score import ReplyScore
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.privileged_block import privileged_block


def expert_episodes(
    spec: EnvironmentSpec,
    tasks: Sequence[Task],
    expert: str,
    privilege: int | None,
    settings: PlaySettings,
    compute: ComputeParameters,
) -> list[Episode]:
    """Episodes of the oracle teacher of a level (100: the planner; None: the unprivileged expert), in order.

    Args:
        spec: The environment.
        tasks: Tasks to play, without test tasks.
        expert: Name of the unprivileged expert.
        privilege: Level of the teacher.
        settings: How episodes are played.
        compute: Where they are played.
    """
    load = partial(load_player, spec, expert, privilege, settings)
    return in_place(of_each("experts", load, tasks, compute))


def sample_episodes(
    rollouts: Sequence[Episode], corrections: Sequence[CorrectedEpisode], count: int, seed: int
) -> list[Episode]:
    """A sample of at most `count` corrected episodes."""
    corrected = {each.episode for each in corrections}
    episodes = [episode for episode in settled(rollouts) if episode.id in corrected]
    return Random(derive_seed(seed, "realizability")).sample(episodes, min(count, len(episodes)))


def measure_recoverability(
    spec: EnvironmentSpec,
    episodes: Sequence[Episode],
    corrections: Sequence[CorrectedEpisode],
    compute: ComputeParameters,
) -> Recoverability | None:
    """H over all decisions of the episodes, by replay."""
    by_episode = {each.episode: each for each in corrections}
    pairs = [(episode, by_episode[episode.id]) for episode in episodes]
    costs = in_place(of_each("recoverability", partial(load_costs, spec), pairs, compute))
    return recoverability(chain.from_iterable(costs))


def run_swap_test(
    spec: EnvironmentSpec,
    episodes: Sequence[Episode],
    expert: str,
    privilege: int,
    count: int,
    seed: int,
    compute: ComputeParameters,
) -> SwapTest | None:
    """The swap test at all decisions of the episodes.

    Args:
        spec: The environment.
        episodes: Episodes of the student.
        expert: Name of the unprivileged expert.
        privilege: Level of the oracle teacher.
        count: Largest number of other privileged states per decision.
        seed: Seed of those states.
        compute: Where they are replayed.
    """
    load = partial(load_swaps, spec, expert, privilege, count, seed)
    return swap_test(chain.from_iterable(in_place(of_each("swap test", load, episodes, compute))))


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
