"""A correction: a teacher's advice on one step of a student's episode, and the result of the checks."""

from dataclasses import dataclass
from enum import StrEnum

from leap_kedro.records.privileged import PrivilegedState


class Verdict(StrEnum):
    """What the teacher says of a step."""

    KEEP = "keep"
    """The student's own action stands."""
    CORRECT = "correct"
    """The teacher's action takes its place."""


class Rejection(StrEnum):
    """Why what a teacher said is not used for training: one step of it, or a whole reply."""

    NOT_EXECUTABLE = "not_executable"
    """The environment would refuse the action at that step, or no reply can state it: it has several lines."""
    LEAKED = "leaked"
    """The reason names what only the privileged state shows."""
    NO_PLAN = "no_plan"
    """The teacher found no way to the goal from there."""
    EMPTY = "empty"
    """There is no reason, no action, or no reply at all."""
    TOO_LONG = "too_long"
    """The reason, the action or the reply is longer than any honest one."""
    UNKNOWN_STEP = "unknown_step"
    """The reply is about a step that the episode does not have, or that was not asked about."""
    UNREADABLE = "unreadable"
    """The reply holds no JSON of the form that was asked for."""
    TRUNCATED = "truncated"
    """The reply was cut off at the limit of new tokens."""
    REFUSED = "refused"
    """The model declined to answer."""
    NOT_TAKEN = "not_taken"
    """The server would not take the question, most often because it is too long for the model."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A teacher's reason and action for one step, judged.

    Attributes:
        episode: Id of the episode.
        step: Index of the step in it, from 0.
        verdict: Keep or correct.
        reason: Reason that the student should have given.
        action: Action that it should have taken.
        teacher: Id of the teacher.
        privilege: Privilege level, per cent (0 to 100).
        leaked: Entities named in the reason that the student had not seen by then.
        rejection: Why the correction is not used; None when it is accepted.
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

    @property
    def accepted(self) -> bool:
        """Whether the correction may be trained on."""
        return self.rejection is None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a teacher's reply as a whole, or with a part of it that belongs to no step.

    Attributes:
        rejection: What is wrong.
        detail: In which way, at most 500 characters; untrusted text.
        attempt: Which reply it was: 0 the first, 1 the answer to being asked again.
        step: Step that was asked about; None where the call was about the whole episode.
    """

    rejection: Rejection
    detail: str
    attempt: int = 0
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a teacher's calls for one episode took.

    Attributes:
        calls: Calls that a server answered.
        cached: Answers that came from the cache on disk and cost nothing.
        prompt_tokens: Tokens of the prompts that were paid for.
        reply_tokens: Tokens of the replies that were paid for.
        dollars: Price of it all; None where the model's price is unknown.
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
        reply: What was answered, untrusted.
        finish: Why the answer ended.
        attempt: 0: asked for the first time; 1: asked again.
        step: Step that was asked about; None where the call was about the whole episode.
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
    """All that a teacher said about one episode.

    Attributes:
        episode: Id of the episode.
        corrections: One a step, in order; empty where no reply could be used.
        faults: What was wrong with whole replies.
        usage: What the calls took; None for a teacher that makes none.
        exchanges: The calls in full, of a few episodes.
        hidden: Privileged state at the episode's beginning; None where the episode has no step.
    """

    episode: str
    corrections: tuple[Correction, ...]
    faults: tuple[Fault, ...] = ()
    usage: Usage | None = None
    exchanges: tuple[Exchange, ...] = ()
    hidden: PrivilegedState | None = None
