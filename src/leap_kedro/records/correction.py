"""A correction: a teacher's advice on one step of a student's episode, and the result of the checks."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from leap_kedro.records.encoding import ABSENT_IF_FALSE
from leap_kedro.records.privileged import PrivilegedState


class Verdict(StrEnum):
    """A teacher's verdict on a step."""

    KEEP = "keep"
    """The student's action is kept."""
    CORRECT = "correct"
    """The teacher's action replaces it."""


class Rejection(StrEnum):
    """Why a correction or a whole reply of a teacher is not used for training."""

    NOT_EXECUTABLE = "not_executable"
    """The environment would refuse the action at that step, or it has several lines, which a reply cannot have."""
    LEAKED = "leaked"
    """The reason reveals facts that only the privileged state shows."""
    NO_PLAN = "no_plan"
    """The teacher found no plan to the goal."""
    EMPTY = "empty"
    """The reason, the action or the whole reply is empty."""
    TOO_LONG = "too_long"
    """The reason, the action or the reply is too long."""
    UNKNOWN_STEP = "unknown_step"
    """The reply is about a step that does not exist or was not requested."""
    UNREADABLE = "unreadable"
    """The reply has no JSON of the requested form."""
    TRUNCATED = "truncated"
    """The reply was cut off at the limit of new tokens."""
    REFUSED = "refused"
    """The model declined to answer."""
    NOT_TAKEN = "not_taken"
    """The server refused the request, most often because it is too long for the model."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A teacher's reason and action for one step, judged.

    Attributes:
        episode: Id of the episode.
        step: Index of the step, from 0.
        verdict: Keep or correct.
        reason: Reason that the student should have given.
        action: Action that the student should have taken.
        teacher: Id of the teacher.
        privilege: Privilege level, per cent (0 to 100).
        leaked: Entities in the reason that the student had not yet seen.
        rejection: Why the correction is not used; None if it is accepted.
        untried: Whether nothing shows that the action is executable: the environment lists no actions, and it did not
            repeat its answers when the episode was replayed.
    """

    episode: str
    step: int
    verdict: Verdict
    reason: str
    action: str
    teacher: str
    privilege: int
    leaked: tuple[str, ...] = ()
    rejection: Rejection | None = None
    untried: Annotated[bool, ABSENT_IF_FALSE] = False

    @property
    def accepted(self) -> bool:
        """Whether the correction may be trained on."""
        return self.rejection is None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a teacher's whole reply, or of a part of it that belongs to no step.

    Attributes:
        rejection: Kind of the fault.
        detail: Details, at most 500 characters; untrusted text.
        attempt: 0: the first request; 1: the repeated one.
        step: Step of the request; None if the call was about the whole episode.
    """

    rejection: Rejection
    detail: str
    attempt: int = 0
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a teacher's calls for one episode.

    Attributes:
        calls: Number of calls that a server answered.
        cached: Number of answers from the cache on disk, which are free.
        prompt_tokens: Paid tokens of prompts.
        reply_tokens: Paid tokens of replies.
        dollars: Total price; None if the model's price is unknown.
    """

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    reply_tokens: int = 0
    dollars: float | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call to a teacher, in full.

    Attributes:
        prompt: The messages: role and text of each.
        reply: The answer, untrusted.
        finish: Why the answer ended.
        attempt: 0: the first request; 1: the repeated one.
        step: Step of the request; None if the call was about the whole episode.
        cached: Whether the answer came from the cache on disk.
        prompt_tokens: Tokens of the prompt.
        reply_tokens: Tokens of the reply.
    """

    prompt: tuple[tuple[str, str], ...]
    reply: str
    finish: str
    attempt: int = 0
    step: int | None = None
    cached: bool = False
    prompt_tokens: int = 0
    reply_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CorrectedEpisode:
    """All corrections of one episode.

    Attributes:
        episode: Id of the episode.
        corrections: One per step, in order; empty if no reply could be used.
        faults: Faults of whole replies.
        usage: Cost of the calls; None for a teacher that makes no calls.
        exchanges: The calls in full, for a few episodes.
        hidden: Privileged state at the start of the episode; None if the episode has no step.
    """

    episode: str
    corrections: tuple[Correction, ...]
    faults: tuple[Fault, ...] = ()
    usage: Usage | None = None
    exchanges: tuple[Exchange, ...] = ()
    hidden: PrivilegedState | None = None
