"""An episode: what one policy did on one task, step by step, and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from leap_kedro.records.task import Task


class StopReason(StrEnum):
    """Why an episode ended."""

    SOLVED = "solved"
    """The environment says that the goal is reached."""
    FINISHED = "finished"
    """The environment ended the episode without the goal reached."""
    STEP_LIMIT = "step_limit"
    """The cap on actions was reached."""
    TOKEN_LIMIT = "token_limit"
    """The conversation no longer fits into the policy's context."""
    REFUSED_ACTIONS = "refused_actions"
    """The environment refused too many actions in a row."""
    ENVIRONMENT_ERROR = "environment_error"
    """The environment broke: data about the run, never about the policy."""
    POLICY_ERROR = "policy_error"
    """The policy could not answer (a dead server, say): data about the run, never about the policy."""

    @property
    def is_infrastructure(self) -> bool:
        """Whether the episode says nothing about the policy and must be played again."""
        return self in (StopReason.ENVIRONMENT_ERROR, StopReason.POLICY_ERROR)


class ParseStatus(StrEnum):
    """How reading a reason and an action out of a reply ended."""

    OK = "ok"
    NO_ACTION = "no_action"
    """The reply has no action in it."""
    TRUNCATED = "truncated"
    """The reply was cut off at the limit of new tokens."""
    EMPTY = "empty"
    """The reply is empty."""
    ONLY_THOUGHTS = "only_thoughts"
    """The model thought aloud, and no answer followed."""
    REFUSED = "refused"
    """The model declined, or its provider withheld the answer."""

    @property
    def is_unanswered(self) -> bool:
        """Whether no answer came that could be read, be it right or wrong."""
        return self not in (ParseStatus.OK, ParseStatus.NO_ACTION)


@dataclass(frozen=True, slots=True)
class Turn:
    """An action and the observation that followed: what stays of a step in the history."""

    action: str
    observation: str


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of an episode.

    Attributes:
        observation: What the student had in front of it when it decided.
        admissible: The actions that the environment listed then, in its order; None if it lists none.
        reply: The policy's whole reply, untrusted text.
        reason: The reason read out of the reply.
        action: The action read out of the reply and given to the environment ("" when there was none).
        parse_status: How reading the reply ended.
        accepted: Whether the environment accepted the action.
        score: The environment's score after the action, 0 to 1.
        prompt_tokens: Tokens of the prompt, the part taken from a cache included.
        reply_tokens: Tokens of the reply.
        logprob: Sum of the reply's token log-probabilities (natural log), where it was asked for.
    """

    observation: str
    admissible: tuple[str, ...] | None
    reply: str
    reason: str
    action: str
    parse_status: ParseStatus
    accepted: bool
    score: float
    prompt_tokens: int = 0
    reply_tokens: int = 0
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """What one policy did on one task.

    Attributes:
        task: The task played.
        policy: Id of the policy.
        iteration: LEAP iteration that the episode was played in (0: demonstrations).
        seed: Seed of everything random in it.
        steps: The decisions in order.
        final_observation: What the environment said after the last action.
        score: Score at the end, 0 to 1.
        success: Whether the task was solved.
        stop: Why it ended.
        error: What broke, for infrastructure stops, or why a server found the conversation too long; else "".
        parts: What the score at the end is made of, by name, each 0 to 1; empty where it has no parts.
    """

    task: Task
    policy: str
    iteration: int
    seed: int
    steps: tuple[Step, ...]
    final_observation: str
    score: float
    success: bool
    stop: StopReason
    error: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name of the episode, unique within an experiment's iteration."""
        return f"{self.iteration}/{self.task.id}/{self.seed}"

    @property
    def is_unanswered(self) -> bool:
        """Whether the policy answered nothing that could be read: the episode shows no decision of it."""
        if self.steps:
            return all(step.parse_status.is_unanswered for step in self.steps)
        return self.stop is StopReason.TOKEN_LIMIT

    @property
    def opening(self) -> str:
        """The first observation, which states the task."""
        return self.steps[0].observation if self.steps else self.final_observation

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The history: each action with the observation that it led to."""
        seen = [step.observation for step in self.steps[1:]] + [self.final_observation]
        return tuple(Turn(step.action, after) for step, after in zip(self.steps, seen, strict=True))


def task_of(episode: str) -> str:
    """Id of the task that an episode was played on, from the episode's id."""
    return episode.partition("/")[2].rpartition("/")[0]
