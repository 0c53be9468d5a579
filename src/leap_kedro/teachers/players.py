"""Experts as players: what they solve is recorded as a student's episodes are, with the same cap on actions.

An expert is told what no conversation holds (the unprivileged one whether the environment would refuse an action, a
teacher the privileged state), so that it is no `Policy`: episodes of a teacher are an upper bound and belong into a
store of their own.
"""

from collections.abc import Iterable, Iterator

from leap_kedro.environments.protocol import Benchmark, Decision, Expert
from leap_kedro.policies.play import PlaySettings
from leap_kedro.policies.protocol import Reply
from leap_kedro.policies.running_episode import RunningEpisode
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import past_reply
from leap_kedro.records import Episode, ParseStatus, Task
from leap_kedro.records.seeds import episode_seed
from leap_kedro.teachers.probing import Decider
from leap_kedro.teachers.unprivileged import executable_options


def play_expert(
    benchmark: Benchmark,
    tasks: Iterable[Task],
    expert: str,
    settings: PlaySettings,
    *,
    name: str,
    teacher: Decider | None = None,
) -> Iterator[Episode]:
    """Play each task once, one after the other; one who knows nothing more to do lets its actions pass.

    Args:
        benchmark: Whose tasks they are.
        tasks: What is played.
        expert: Name of the unprivileged expert, which follows each episode.
        settings: How episodes are played.
        name: Name of the player in episodes.
        teacher: Who decides, told what the expert considers; None: the expert itself.

    Yields:
        Episodes as they end; one in which environment or expert broke has an infrastructure stop.
    """
    for task in tasks:
        seed = episode_seed(settings.seed, task.id)
        episode = RunningEpisode(
            task,
            benchmark,
            policy=name,
            iteration=settings.iteration,
            seed=seed,
            max_actions=settings.max_actions,
            refused_limit=settings.refused_limit,
        )
        player = benchmark.expert(expert, seed)
        while episode.stop is None:
            episode.take(_reply(episode, player, teacher))
        yield episode.result()


def _reply(episode: RunningEpisode, player: Expert, teacher: Decider | None) -> Reply:
    conversation = episode.conversation()
    try:
        _follow(player, conversation)
        options = executable_options(player, episode.environment, conversation.admissible)
        if teacher is not None:
            decision = teacher.decide(episode.environment, options)
        else:
            decision = options[0].decision if options else None
    except Exception as error:
        return Reply("", "", "", ParseStatus.NO_ACTION, error=f"{type(error).__name__}: {error}")
    return _said(decision) if decision else Reply("", "", "", ParseStatus.NO_ACTION)


def _follow(player: Expert, conversation: Conversation) -> None:
    """Tell the expert what it has not read yet."""
    if not conversation.turns:
        player.start(conversation.opening)
        return
    last = conversation.turns[-1]
    if last.action:
        player.observe(last.action, last.observation)


def _said(decision: Decision) -> Reply:
    text = f"REASON: {decision.reason}\n{past_reply(decision.action)}"
    return Reply(text, decision.reason, decision.action, ParseStatus.OK)
