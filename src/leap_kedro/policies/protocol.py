"""What a policy is: it answers conversations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import ParseStatus, UserError


@dataclass(frozen=True, slots=True)
class Reply:
    """A policy's answer.

    Attributes:
        text: The whole reply, untrusted.
        reason: Reason read out of it.
        action: Action read out of it; "" if there is none.
        status: How reading it ended.
        prompt_tokens: Tokens of the prompt, cached ones included.
        reply_tokens: Tokens of the reply.
        logprob: Sum of the reply's log-probabilities (natural log), where asked for.
        error: What broke when the policy could not answer, or what a server said of a conversation that is too long;
            then the fields above mean nothing.
        too_long: Whether the conversation turned out not to fit into the policy's context.
    """

    text: str
    reason: str
    action: str
    status: ParseStatus
    prompt_tokens: int = 0
    reply_tokens: int = 0
    logprob: float | None = None
    error: str = ""
    too_long: bool = False


class PolicyStopped(UserError):
    """The policy will answer no conversation any more (its server is gone, a budget is spent): play has to stop.

    The message says what to do. Unlike a reply with an error it ends no episode: what was under way is played again.
    """


class Policy(Protocol):
    """Answers a batch of conversations."""

    id: str

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """One reply a conversation, in their order. Never raises for a single conversation's sake.

        Raises:
            PolicyStopped: If it will answer none any more.
        """
        ...

    def fits(self, conversation: Conversation) -> bool:
        """Whether the conversation and a reply fit into the policy's context."""
        ...
