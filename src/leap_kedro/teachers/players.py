"""Experts as players: their episodes are recorded like a student's, with the same maximum of actions.

An expert sees more than a conversation: the unprivileged one sees whether the environment would refuse an action, a
teacher sees the privileged state. It is therefore not a `Policy`. Its episodes are an upper bound, stored separately.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from leap_kedro.environments.protocol import Benchmark, Decision, Expert, Option
from leap_kedro.policies.protocol import Reply
from leap_kedro.policies.running_episode import PlaySettings, RunningEpisode
from leap_kedro.policies.slot_loop import in_slots
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import past_reply
from leap_kedro.records import Episode, ParseStatus, StopReason, Task
from leap_kedro.teachers.probing import Decider
from leap_kedro.teachers.unprivileged import executable_options, expert_of

Decide = Callable[[RunningEpisode, Sequence[Option]], Decision | None]
"""The current decision of an episode, given the expert's options; None for no action. It may also end the episode."""


@dataclass(frozen=True, slots=True)
class _Guided:
    """An episode and the expert that follows it."""

    running: RunningEpisode
    expert: Expert

    @property
    def ended(self) -> bool:
        return self.running.ended


def play_expert(
    benchmark: Benchmark,
    tasks: Iterable[Task],
    expert: str,
    settings: PlaySettings,
    *,
    name: str,
    teacher: Decider | None = None,
) -> Iterator[Episode]:
    """Play each task once, one after another; a player without a decision gives no action.

    Args:
        benchmark: The benchmark of the tasks.
        tasks: The tasks to play.
        expert: Name of the unprivileged expert, which follows each episode.
        settings: How episodes are played.
        name: Name of the player in episodes.
        teacher: Decides, given the expert's options; None for the expert itself.

    Yields:
        Episodes as they end; those in which environment or expert failed have an infrastructure stop.
    """

    def decide(episode: RunningEpisode, options: Sequence[Option]) -> Decision | None:
        if teacher is not None:
            return teacher.decide(episode.environment, options)
        return options[0].decision if options else None

    for episode in play_guided(benchmark, tasks, expert, settings, name, decide):
        yield episode.result()


def play_guided(
    benchmark: Benchmark, tasks: Iterable[Task], expert: str, settings: PlaySettings, name: str, decide: Decide
) -> Iterator[RunningEpisode]:
    """The loop of `play_expert`, with any `decide`; yields episodes as they end."""

    def begin(task: Task) -> _Guided:
        running = RunningEpisode(task, benchmark, name, settings)
        return _Guided(running, expert_of(benchmark, expert, running.seed))

    def advance(live: list[_Guided]) -> None:
        for each in live:
            _advance(each, decide)

    for guided in in_slots(tasks, begin, advance, slots=1):
        yield guided.running


def _advance(guided: _Guided, decide: Decide) -> None:
    episode, conversation = guided.running, guided.running.conversation()
    try:
        _follow(guided.expert, conversation)
        options = executable_options(guided.expert, episode.environment, conversation.admissible)
        decision = decide(episode, options)
    except Exception as error:
        episode.end(StopReason.POLICY_ERROR, error)
    if not episode.ended:
        episode.take(_reply(decision))


def _follow(expert: Expert, conversation: Conversation) -> None:
    """Show the expert the latest observation."""
    if not conversation.turns:
        expert.start(conversation.opening)
        return
    last = conversation.turns[-1]
    if last.action:
        expert.observe(last.action, last.observation)


def _reply(decision: Decision | None) -> Reply:
    if decision is None:
        return Reply("", "", "", ParseStatus.NO_ACTION)
    text = f"REASON: {decision.reason}\n{past_reply(decision.action)}"
    return Reply(text, decision.reason, decision.action, ParseStatus.OK)
