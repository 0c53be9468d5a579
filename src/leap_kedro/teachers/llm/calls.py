"""The record of a teacher's calls about one episode."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from leap_kedro.language_models import Completion, Message
from leap_kedro.records import Exchange, Fault, Usage


@dataclass(slots=True)
class EpisodeCalls:
    """Costs, exchanges and faults of the calls.

    Attributes:
        recorded: Whether prompts and replies are recorded in full.
        usage: Calls, tokens and dollars.
        exchanges: Prompts and replies.
        faults: Faults of the replies.
    """

    recorded: bool
    usage: Usage = field(default_factory=lambda: Usage(dollars=0.0))
    exchanges: list[Exchange] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def add(self, messages: Sequence[Message], completion: Completion, attempt: int, step: int | None) -> None:
        """Record a call.

        Args:
            messages: The prompt.
            completion: The reply.
            attempt: 0 for the first call, 1 for the second.
            step: Step of the call; None for all.
        """
        self.usage = _sum(self.usage, completion)
        if self.recorded:
            self.exchanges.append(
                Exchange(
                    prompt=tuple((message.role.value, message.content) for message in messages),
                    reply=completion.text,
                    finish=completion.finish.value,
                    attempt=attempt,
                    step=step,
                    cached=completion.cached,
                    prompt_tokens=completion.prompt_tokens,
                    reply_tokens=completion.completion_tokens,
                )
            )


def _sum(usage: Usage, completion: Completion) -> Usage:
    if completion.cached:
        return replace(usage, cached=usage.cached + 1)
    known = usage.dollars is not None and completion.dollars is not None
    return Usage(
        calls=usage.calls + 1,
        cached=usage.cached,
        prompt_tokens=usage.prompt_tokens + completion.prompt_tokens,
        reply_tokens=usage.reply_tokens + completion.completion_tokens,
        dollars=(usage.dollars or 0.0) + (completion.dollars or 0.0) if known else None,
    )
