"""The protocols of policies: they answer conversations, many in a batch or each by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.records import ParseStatus, UserError


@dataclass(frozen=True, slots=True)
class Reply:
    """A policy's answer.

    Attributes:
        text: The whole reply, untrusted.
        reason: Reason parsed from it.
        action: Action parsed from it; "" if there is none.
        status: Outcome of parsing.
        prompt_tokens: Tokens of the prompt, cached ones included.
        reply_tokens: Tokens of the reply.
        logprob: Sum of the reply's log-probabilities (natural log), if requested.
        error: Why the policy could not answer; if set, the fields above have no meaning.
        too_long: Whether the conversation did not fit into the policy's context.
        held: Whether a server was made to restrict it to the admissible actions; None if that was not requested.
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
    held: bool | None = None

    @classmethod
    def of(
        cls, parsed: ParsedReply, prompt_tokens: int = 0, reply_tokens: int = 0, logprob: float | None = None
    ) -> "Reply":
        """A parsed reply."""
        return cls(parsed.text, parsed.reason, parsed.action, parsed.status, prompt_tokens, reply_tokens, logprob)

    @classmethod
    def failed(cls, error: str, *, too_long: bool = False) -> "Reply":
        """Represents a reply that the policy could not give."""
        return cls("", "", "", ParseStatus.NO_ACTION, error=error, too_long=too_long)


class PolicyStopped(UserError):
    """The policy cannot answer any more conversations (its server is gone, a budget is spent), so play stops.

    The message says what to do. Unlike a reply with an error it ends no episode: those under way are played again.
    """


class Policy(Protocol):
    """Answers a batch of conversations."""

    id: str

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """One reply per conversation, in order. A single conversation never raises an exception.

        Raises:
            PolicyStopped: If the policy cannot answer any more conversations.
        """

    def fits(self, conversation: Conversation) -> bool:
        """Whether the conversation and a reply fit into the policy's context; by default yes."""
        return True


@runtime_checkable
class ServedPolicy(Protocol):
    """Answers each conversation by itself, so no episode waits for the reply to another one."""

    id: str

    async def answer(self, conversation: Conversation) -> Reply:
        """The reply to a conversation, in the event loop of `language_models`.

        Raises:
            ModelUnavailable: If there is no answer. The server may be gone: if no other conversation is answered from
                then on, play stops.
            PolicyStopped: If the policy cannot answer any more conversations.
        """
