"""Policies play tasks: the seam between the stages and the rollout driver."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.evaluation.unanswered import NEARLY_ALL, AnswerCount
from leap_kedro.pipelines.episodes import AllEpisodesBroken, NothingAnswered
from leap_kedro.pipelines.progress import progress_bar
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters, serve
from leap_kedro.records import Episode, Task

if TYPE_CHECKING:
    from leap_kedro.pipelines.rollout.parameters import PlayParameters
    from leap_kedro.policies.running_episode import PlaySettings
    from leap_kedro.policies.workers import PolicySpec

LEAST_WATCHED = 8
"""Episodes after which a policy that has to answer is stopped if it does not."""

Playing = SavedPolicy | RemotePolicy
"""Who can be asked to play: a model in a folder, or one of a server."""


def play(
    policy: Playing,
    spec: EnvironmentSpec,
    tasks: Sequence[Task],
    parameters: "PlayParameters",
    temperature: float | None,
    run_seed: int,
    iteration: int,
    title: str,
    examples: str = "",
    must_answer: bool = False,
    serving: ServingParameters | None = None,
) -> Iterator[Episode]:
    """Play each task once, with a progress bar on a terminal.

    Args:
        policy: Who plays.
        spec: Where.
        tasks: What; each once.
        parameters: How; a served policy keeps to its server's number of episodes at once, in one process.
        temperature: Sampling temperature; 0 is greedy; None: the server's own, for a served policy.
        run_seed: Seed that the episodes' seeds follow from.
        iteration: LEAP iteration, for the record.
        title: Title of the progress bar.
        examples: Finished episodes that a chat model is shown, as `examples_text` writes them.
        must_answer: See `watched`.
        serving: The server that answers for a policy in a folder; None: it is loaded.

    Yields:
        Episodes as they end, which is not the order of the tasks.

    Raises:
        AllEpisodesBroken: See `watched`.
        NothingAnswered: See `watched`.
        PolicyStopped: If a served policy will answer no more.
        ServingFailed: If the policy is to be served and cannot be.
    """
    from leap_kedro.policies.workers import play_in_processes

    if not tasks:
        return
    if isinstance(policy, SavedPolicy) and serving is not None:
        with serve(policy, serving, spec.name, parameters.max_reply_tokens) as served:
            yield from play(
                served, spec, tasks, parameters, temperature, run_seed, iteration, title, examples, must_answer
            )
        return
    settings = play_settings(parameters, run_seed, iteration)
    played = play_in_processes(
        tasks,
        spec,
        _policy_spec(policy, spec, parameters, temperature, examples),
        settings if isinstance(policy, SavedPolicy) else replace(settings, slots=policy.server.concurrency),
        parameters.processes if isinstance(policy, SavedPolicy) else 1,
    )
    place = policy.folder if isinstance(policy, SavedPolicy) else policy.place
    yield from watched(played, len(tasks), title, f"{policy.id} ({place})", must_answer)


def play_settings(parameters: "PlayParameters", run_seed: int, iteration: int) -> "PlaySettings":
    """What the driver is told; arguments as in `play`."""
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
        episodes: Episodes as they end.
        total: How many come.
        title: Title of the progress bar.
        who: Who plays, for messages.
        must_answer: Whether replies that have no answer are no result. They are one of a student, which may not have
            learnt yet to end a reply, and none of a model that is only prompted.

    Raises:
        AllEpisodesBroken: After the last one, if there were some and each ended for an infrastructure reason.
        NothingAnswered: If, after some episodes or the last one, nearly all replies have no answer and they have to
            have one; or, after the last one, if there was not one decision.
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
            f"{title}: all {total} episodes broke before they said anything about {who}. "
            f"The last error: {last_error.rstrip('.')}. Correct that and run the same command again."
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
        show_admissible=parameters.hold_to_admissible,
    )
