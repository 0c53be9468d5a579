"""Policies play tasks: the stages' interface to the rollout driver."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.evaluation.unanswered import NEARLY_ALL, AnswerCount
from leap_kedro.pipelines.episodes import AllEpisodesBroken, NothingAnswered
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters, serve
from leap_kedro.records import Episode, Task

if TYPE_CHECKING:
    from leap_kedro.pipelines.play_parameters import PlayParameters
    from leap_kedro.policies.playing_work import PolicySpec
    from leap_kedro.policies.running_episode import PlaySettings, SeededTask

LEAST_WATCHED = 8
"""Number of episodes after which a policy that must answer is stopped if it does not."""

Playing = SavedPolicy | RemotePolicy
"""A policy that can play: a model in a folder or of a server."""


def play(
    policy: Playing,
    spec: EnvironmentSpec,
    tasks: "Sequence[Task | SeededTask]",
    parameters: "PlayParameters",
    temperature: float | None,
    run_seed: int,
    iteration: int,
    title: str,
    examples: str = "",
    must_answer: bool = False,
    serving: ServingParameters | None = None,
    compute: ComputeParameters | None = None,
) -> Iterator[Episode]:
    """Play each task once, or once with each seed that it comes with; shows a progress bar on a terminal.

    Args:
        policy: The policy.
        spec: The environment.
        tasks: The tasks.
        parameters: How they are played; a served policy uses one process and its server's concurrency.
        temperature: Sampling temperature; 0 is greedy; None: the server's own, for a served policy.
        run_seed: Seed from which the episodes' seeds are derived.
        iteration: LEAP iteration, for the record.
        title: Title of the progress bar.
        examples: Solved episodes in the prompt of a chat model, from `examples_text`.
        must_answer: See `watched`.
        serving: The server of a policy in a folder; None: it is loaded.
        compute: Where it is served and played; None: on this machine.

    Yields:
        Episodes in the order in which they end, which is not that of the tasks.

    Raises:
        AllEpisodesBroken: See `watched`.
        NothingAnswered: See `watched`.
        PolicyStopped: If a served policy can no longer answer.
        ServingFailed: If the policy cannot be served.
    """
    from leap_kedro.compute.run import run
    from leap_kedro.policies.playing_work import PlayingWork

    if not tasks:
        return
    if isinstance(policy, SavedPolicy) and serving is not None:
        how = parameters, temperature, run_seed, iteration, title, examples, must_answer
        longest, thoughts = parameters.max_reply_tokens, parameters.max_thought_tokens
        with serve(policy, serving, spec.name, longest, thoughts, compute) as served:
            yield from play(served, spec, tasks, *how, compute=compute)
        return
    settings = play_settings(parameters, run_seed, iteration)
    processes, place = parameters.processes, str(policy.folder if isinstance(policy, SavedPolicy) else policy.place)
    if isinstance(policy, RemotePolicy):
        policy, compute = _shared(policy, compute)
        settings, processes = replace(settings, slots=policy.server.concurrency), 1
    work = PlayingWork(spec, _policy_spec(policy, spec, parameters, temperature, examples), settings, title)
    played = run(work, tasks, processes, compute)
    yield from watched(played, len(tasks), title, f"{policy.id} ({place})", must_answer)


def _shared(policy: RemotePolicy, compute: ComputeParameters | None) -> tuple[RemotePolicy, ComputeParameters | None]:
    """A served policy with the share of each worker in the calls under way, and where the workers are.

    Replicas are called from the cluster, by one worker per replica if nothing else is said. Any other server is called
    from this process, whose client keeps the budget and the cache; no key leaves it.
    """
    replicas = len(policy.access.replicas)
    if compute is None or not replicas:
        return policy, None
    workers = compute.workers or replicas
    share = -(-policy.server.concurrency * replicas // workers)
    server = policy.server.model_copy(update={"concurrency": share})
    return replace(policy, server=server), compute.model_copy(update={"workers": workers, "gpus": 0.0})


def play_settings(parameters: "PlayParameters", run_seed: int, iteration: int) -> "PlaySettings":
    """The settings of the driver; arguments as in `play`."""
    from leap_kedro.policies.running_episode import PlaySettings

    return PlaySettings(
        max_actions=parameters.max_actions,
        refused_limit=parameters.max_refused,
        slots=parameters.slots,
        seed=run_seed,
        iteration=iteration,
    )


def watched(
    episodes: Iterable[Episode], total: int, title: str, who: str, must_answer: bool = False
) -> Iterator[Episode]:
    """Pass episodes on, with a progress bar on a terminal.

    Args:
        episodes: Episodes in the order in which they end.
        total: Number of episodes.
        title: Title of the progress bar.
        who: The policy, for messages.
        must_answer: Whether unreadable replies are an error. They are an error of a prompted model, and a result of a
            student, which may not yet have learnt to end a reply.

    Raises:
        AllEpisodesBroken: After the last episode, if all ended for an infrastructure reason.
        NothingAnswered: If nearly all replies are unreadable, either after some episodes where the policy must answer,
            or after the last one if there was no decision.
    """
    answers = AnswerCount()
    ended = broken = solved = decisions = 0
    last_error = ""
    with progress_bar(title, "episode", total) as bar:
        for episode in episodes:
            ended += 1
            solved += episode.success
            decisions += len(episode.steps)
            answers.count(episode)
            if episode.stop.is_infrastructure:
                broken += 1
                last_error = episode.error
            bar.set_postfix(solved=solved, refresh=False)
            bar.update()
            yield episode
            if must_answer and ended == LEAST_WATCHED:
                _check(answers, title, who)
    if ended and broken == ended:
        raise AllEpisodesBroken(
            f"{title}: all {total} episodes ended with an infrastructure error, so there is no result for {who}. "
            f"The last error: {last_error.rstrip('.')}. Fix it and run the same command again."
        )
    if must_answer or not decisions:
        _check(answers, title, who)


def _check(answers: AnswerCount, title: str, who: str) -> None:
    if answers.share > NEARLY_ALL:
        raise NothingAnswered(
            f"{title}: the episodes say nothing about {who}. {answers.causes()} Then run the same command again."
        )


def _policy_spec(
    policy: Playing, spec: EnvironmentSpec, parameters: "PlayParameters", temperature: float | None, examples: str
) -> "PolicySpec":
    if isinstance(policy, SavedPolicy):
        from leap_kedro.policies.local import LocalPolicySpec

        return LocalPolicySpec(
            folder=policy.folder,
            id=policy.id,
            temperature=temperature or 0.0,
            max_new_tokens=parameters.max_reply_tokens,
            max_thought_tokens=parameters.max_thought_tokens,
            hold_to_admissible=parameters.hold_to_admissible,
            slots=parameters.slots,
            environment=spec.name,
            examples=examples,
        )
    from leap_kedro.policies.openai_policy import OpenAIPolicySpec

    return OpenAIPolicySpec(
        id=policy.id,
        model=policy.model(temperature),
        access=policy.access,
        budget=policy.server.budget,
        environment=spec.name,
        examples=examples,
        hold_to_admissible=parameters.hold_to_admissible,
        trained=policy.trained,
        has_system=policy.has_system,
        actions=policy.server.actions,
    )
