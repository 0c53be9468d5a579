"""The loop for a policy behind a server: each episode continues as soon as its own reply is there.

Latencies differ widely, and in a batch all episodes would wait for the slowest reply. The calls are in the event loop
of `language_models`, the environments in the caller's thread.
"""

from collections.abc import Callable, Iterable, Iterator

from leap_kedro.compute.work import Pulse, no_pulse
from leap_kedro.language_models import Calls, ModelUnavailable
from leap_kedro.policies.protocol import PolicyStopped, Reply, ServedPolicy
from leap_kedro.policies.running_episode import RunningEpisode, SeededTask
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, StopReason, Task
from leap_kedro.records.errors import described


def at_own_pace(
    tasks: Iterable[Task | SeededTask],
    begin: Callable[[Task | SeededTask], RunningEpisode],
    policy: ServedPolicy,
    slots: int,
    pulse: Pulse = no_pulse,
) -> Iterator[Episode]:
    """Play every task from beginning to end.

    A failed call ends its episode when another one is answered later. If instead the calls of all episodes under way
    have failed, the server is gone, and none of them has ended. Closing the iterator cancels all calls.

    Args:
        tasks: The tasks; one is drawn only when a slot is free.
        begin: Puts a task into a slot.
        policy: Answers.
        slots: Number of episodes under way.
        pulse: Called at each answer.

    Yields:
        Episodes as they end, not in the order of their tasks.

    Raises:
        PolicyStopped: If the policy cannot answer any more conversations.
    """

    async def answer(asked: tuple[RunningEpisode, Conversation]) -> tuple[RunningEpisode, Reply | ModelUnavailable]:
        episode, conversation = asked
        try:
            return episode, await policy.answer(conversation)
        except PolicyStopped:
            raise
        except ModelUnavailable as error:
            return episode, error
        except Exception as error:
            return episode, Reply.failed(described(error))

    waiting = iter(tasks)
    under_way = 0
    unanswered: dict[RunningEpisode, ModelUnavailable] = {}
    with Calls(answer) as calls:
        while True:
            if under_way < slots and (task := next(waiting, None)) is not None:
                under_way += 1
                moved = [begin(task)]
            elif under_way:
                episode, reply = calls.next()
                pulse()
                if isinstance(reply, ModelUnavailable):
                    unanswered[episode] = reply
                    if len(unanswered) == under_way:
                        raise PolicyStopped(str(reply))
                    continue
                episode.take(reply)
                for other, failure in unanswered.items():
                    other.end(StopReason.POLICY_ERROR, str(failure))
                moved = [episode, *unanswered]
                unanswered.clear()
            else:
                return
            for each in moved:
                if each.ended:
                    under_way -= 1
                    yield each.result()
                else:
                    calls.start((each, each.conversation()))
