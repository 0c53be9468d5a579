"""Baselines play the tasks that policies of the loop are evaluated on.

Each player has its own store; a run adds only the missing episodes. Only the privileged expert builds privileged state
for test tasks, as an upper bound, and its episodes are kept in a separate folder.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.store import Missing
from leap_kedro.environments.core import Capability, capabilities
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.baselines.parameters import BaselineOptions
from leap_kedro.pipelines.bootstrap.given import given_demonstrations, is_given
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.bootstrap.prompted import is_prompted
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import pending_tasks
from leap_kedro.pipelines.evaluation.nodes import first_of_each_split
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.evaluation.saved import named_policy
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.playing import play, play_settings, watched
from leap_kedro.pipelines.remote_policy import SCHEME, RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.prompts.messages import examples_text
from leap_kedro.records import Episode, Example, Task, UserError
from leap_kedro.records.seeds import derive_seed
from leap_kedro.teachers.unprivileged import NO_EXPERT

RANDOM = "random"
UNPRIVILEGED = "unprivileged_expert"
PRIVILEGED = "privileged_expert"

logger = logging.getLogger(__name__)

_OUTSIDE = -1  # iteration of episodes outside the loop
_TRIED_FOR_AN_EXAMPLE = 20  # most training tasks that the expert tries for each example of a prompt


class NoExamples(UserError):
    """The demonstrator solves too few tasks for the examples of a prompt."""


def choose_examples(
    tasks: Mapping[str, Sequence[Task]],
    options: Mapping[str, Any],
    bootstrap: BootstrapParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[Example]:
    """Examples of a few-shot prompt: solved training tasks, first one of each task type.

    Args:
        tasks: Tasks by split; training tasks are shown.
        options: `BaselineOptions`, with the number of examples.
        bootstrap: The demonstrator, which plays without noise.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of the expert.

    Raises:
        NoExamples: If the demonstrator solves too few.
    """
    from leap_kedro.teachers.demonstrations import demonstrations

    count = read_options(BaselineOptions, options).examples
    benchmark = make_benchmark(environment_spec(environment, environments))
    if is_given(bootstrap.demonstrator):
        return given_demonstrations(bootstrap.demonstrator, count, benchmark.name)
    if is_prompted(bootstrap.demonstrator):
        raise NoExamples(
            f"`bootstrap.demonstrator` is '{bootstrap.demonstrator}', which is prompted itself: there are no examples "
            "for a few-shot prompt. Name an expert, the planner, or a file of episodes."
        )
    tried = tasks["train"][: _TRIED_FOR_AN_EXAMPLE * count]
    by_kind: dict[str, list[Example]] = {}
    how: dict[str, Any] = {"max_actions": bootstrap.max_actions, "noise": 0.0, "seed": derive_seed(seed, "examples")}
    for shown in demonstrations(benchmark, tried, bootstrap.demonstrator, **how):
        if shown.episode.success:
            by_kind.setdefault(shown.episode.task.kind, []).append(shown.example())
    ranked = sorted(
        ((rank, place, example) for place, found in enumerate(by_kind.values()) for rank, example in enumerate(found)),
        key=lambda each: each[:2],
    )
    if len(ranked) < count:
        raise NoExamples(
            f"'{bootstrap.demonstrator}' solves {len(ranked)} of {len(tried)} training tasks within "
            f"{bootstrap.max_actions} actions, but a prompt needs {count} (`options.examples`): "
            "lower it, or raise `bootstrap.max_actions` or `data_preparation.train`."
        )
    return [example for _, _, example in ranked[:count]]


def play_without_model(player: str) -> Callable[..., Missing[Episode]]:
    """The node of a player without a model.

    Args:
        player: `RANDOM`: random admissible actions. `UNPRIVILEGED`: the teacher's expert. `PRIVILEGED`: the oracle with
            the whole privileged state, which follows a shortest plan. It is an upper bound and never trained on. An
            environment that lacks the player gets no row.
    """

    def node(
        tasks: Mapping[str, Sequence[Task]],
        options: Mapping[str, Any],
        evaluation: EvaluationParameters,
        correction: CorrectionParameters,
        environment: str,
        environments: Mapping[str, Mapping[str, Any]],
        seed: int,
    ) -> Missing[Episode]:
        count = read_options(BaselineOptions, options).tasks
        run_seed = derive_seed(seed, "evaluation")
        spec = environment_spec(environment, environments)
        settings = play_settings(evaluation, run_seed, _OUTSIDE)

        def missing(so_far: Sequence[Episode]) -> Iterator[Episode]:
            from leap_kedro.policies.play import play as play_policy
            from leap_kedro.policies.scripted import RandomPolicy
            from leap_kedro.teachers.oracle import OracleTeacher
            from leap_kedro.teachers.players import play_expert

            if lacks := _lacks(player, make_benchmark(spec), correction.teacher.expert):
                logger.warning("No baseline '%s': the environment %s.", player.replace("_", " "), lacks)
                return iter(())
            pending = pending_tasks(compared_tasks(tasks, count), so_far, run_seed)
            if player == RANDOM:
                who, episodes = player, play_policy(pending, spec, RandomPolicy(), settings)
            else:
                who, benchmark = correction.teacher.expert, make_benchmark(spec)
                teacher = OracleTeacher(benchmark, who, privilege=100) if player == PRIVILEGED else None
                episodes = play_expert(benchmark, pending, who, settings, name=player, teacher=teacher)
            return watched(episodes, len(pending), player.replace("_", " "), who)

        return missing

    node.__name__ = f"play_{player}"
    return node


def _lacks(player: str, benchmark: Benchmark, expert: str) -> str:
    """What an environment lacks for a player; "" if it lacks nothing."""
    if player == UNPRIVILEGED and expert == NO_EXPERT:
        return "has no expert (`correction.teacher.expert`)"
    if player == PRIVILEGED and Capability.PLAN not in capabilities(benchmark):
        return "has neither `plan` nor `oracle`"
    return ""


def play_prompted(
    tasks: Mapping[str, Sequence[Task]],
    options: Mapping[str, Any],
    evaluation: EvaluationParameters,
    bootstrap: BootstrapParameters,
    server: ServerParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    access: Access,
) -> Missing[Episode]:
    """Policies that are prompted and not trained, as in ReAct: each zero-shot, then few-shot.

    Args:
        tasks: Tasks by split.
        options: `BaselineOptions`: policies, numbers of examples and of tasks.
        evaluation: How policies are evaluated.
        bootstrap: The demonstrator that plays the tasks of a few-shot prompt.
        server: The server of policies named ``openai:MODEL``.
        serving: The server of policies in folders; None: they are loaded.
        compute: Where they are played.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of everything random.
        access: Key, prices and cache of language models.

    Returns:
        Stored episodes of all policies -> the missing ones, in the order in which they end.
    """
    wanted = read_options(BaselineOptions, options)
    how = evaluation.model_copy(update={"max_reply_tokens": wanted.max_reply_tokens})
    spec = environment_spec(environment, environments)
    run_seed = derive_seed(seed, "evaluation")

    def missing(so_far: Sequence[Episode]) -> Iterator[Episode]:
        solved = choose_examples(tasks, options, bootstrap, environment, environments, seed) if wanted.policies else []
        for reference in wanted.policies:
            for shown in ((), solved):
                policy = named_policy(reference, server, access)
                policy = replace(policy, id=f"{policy.id} {len(shown)}-shot")
                served = isinstance(policy, RemotePolicy)
                own = [each for each in so_far if each.policy == policy.id and not (served and each.is_unanswered)]
                pending = pending_tasks(compared_tasks(tasks, wanted.tasks), own, run_seed)
                settings = how, how.temperature, run_seed, _OUTSIDE
                yield from play(
                    policy, spec, pending, *settings, policy.id, examples_text(shown), served, serving, compute
                )

    return missing


def served_model(player: str) -> str:
    """The server's name for the model of a prompted player; "" for other players."""
    name, _, _ = player.rpartition(" ")  # before the number of examples
    return name.removeprefix(SCHEME) if name.startswith(SCHEME) else ""


def compared_tasks(tasks: Mapping[str, Sequence[Task]], count: int | None) -> list[Task]:
    """The first `count` validation tasks and the first `count` test tasks of each split; None: all."""
    return [*tasks["validation"][:count], *first_of_each_split(tasks["test"], count)]
