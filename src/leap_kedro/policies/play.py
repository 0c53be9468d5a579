"""The rollout driver: a policy plays tasks, many episodes at once."""

from collections.abc import Iterable, Iterator

from leap_kedro.compute.work import Pulse, no_pulse
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies.protocol import Policy, PolicyStopped, Reply, ServedPolicy
from leap_kedro.policies.running_episode import PlaySettings, RunningEpisode, SeededTask
from leap_kedro.policies.slot_loop import in_slots
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, StopReason, Task
from leap_kedro.records.errors import described


def play(
    tasks: Iterable[Task | SeededTask],
    environment_spec: EnvironmentSpec,
    policy: Policy | ServedPolicy,
    settings: PlaySettings,
    pulse: Pulse = no_pulse,
) -> Iterator[Episode]:
    """Play each task once, or once with each seed that it comes with.

    A task is drawn only when a slot is free. A failure of environment or policy ends the episode with an infrastructure
    stop; a single episode never raises an exception. Environments are stepped in the caller's thread. `pulse` is called
    after each decision.

    Yields:
        Episodes as they end, not in the order of the tasks.

    Raises:
        PolicyStopped: If the policy cannot answer any more conversations; the unfinished episodes are lost.
    """
    benchmark = make_benchmark(environment_spec)

    def begin(task: Task | SeededTask) -> RunningEpisode:
        return RunningEpisode(task, benchmark, policy.id, settings)

    if isinstance(policy, ServedPolicy):
        from leap_kedro.policies.own_pace import at_own_pace

        yield from at_own_pace(tasks, begin, policy, settings.slots, pulse)
        return

    def decide(episodes: list[RunningEpisode]) -> None:
        _decide(policy, episodes)
        pulse()

    for episode in in_slots(tasks, begin, decide, settings.slots):
        yield episode.result()


def _decide(policy: Policy, episodes: list[RunningEpisode]) -> None:
    """One decision of every episode."""
    asked = []
    for episode in episodes:
        conversation = episode.conversation()
        if policy.fits(conversation):
            asked.append((episode, conversation))
        else:
            episode.end(StopReason.TOKEN_LIMIT)
    if asked:
        replies = _replies(policy, [conversation for _, conversation in asked])
        for (episode, _), reply in zip(asked, replies, strict=True):
            episode.take(reply)


def _replies(policy: Policy, conversations: list[Conversation]) -> list[Reply]:
    try:
        return policy.reply(conversations)
    except PolicyStopped:
        raise
    except Exception as error:
        return [Reply.failed(described(error))] * len(conversations)
