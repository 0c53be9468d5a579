"""An episode: what one policy did on one task, step by step, and why it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from leap_kedro.records.encoding import ABSENT_IF_NONE
from leap_kedro.records.task import Task


class StopReason(StrEnum):
    """Why an episode ended."""

    SOLVED = "solved"
    """The environment reports that the goal is reached."""
    FINISHED = "finished"
    """The environment ended the episode before the goal was reached."""
    STEP_LIMIT = "step_limit"
    """The cap on actions was reached."""
    TOKEN_LIMIT = "token_limit"
    """The conversation no longer fits into the policy's context."""
    REFUSED_ACTIONS = "refused_actions"
    """The environment refused too many actions in a row."""
    ENVIRONMENT_ERROR = "environment_error"
    """The environment failed: data about the run, never about the policy."""
    POLICY_ERROR = "policy_error"
    """The policy could not answer, for example without its server: data about the run, never about the policy."""
    WORKER_ERROR = "worker_error"
    """Each worker that played it died or hung: data about the run, never about the policy."""

    @property
    def is_infrastructure(self) -> bool:
        """Whether the episode says nothing about the policy and must be played again."""
        return self in (StopReason.ENVIRONMENT_ERROR, StopReason.POLICY_ERROR, StopReason.WORKER_ERROR)


class ParseStatus(StrEnum):
    """How reading a reason and an action out of a reply ended."""

    OK = "ok"
    NO_ACTION = "no_action"
    """The reply has no action."""
    TRUNCATED = "truncated"
    """The reply was cut off at the limit of new tokens."""
    EMPTY = "empty"
    """The reply is empty."""
    ONLY_THOUGHTS = "only_thoughts"
    """The reply consists of the model's thoughts, without an answer."""
    REFUSED = "refused"
    """The model declined, or its provider withheld the answer."""

    @property
    def is_unanswered(self) -> bool:
        """Whether there is no answer, right or wrong, that could be read."""
        return self not in (ParseStatus.OK, ParseStatus.NO_ACTION)


@dataclass(frozen=True, slots=True)
class Turn:
    """An action and the following observation: the part of a step that stays in the history."""

    action: str
    observation: str


@dataclass(frozen=True, slots=True)
class Step:
    """One decision of an episode.

    Attributes:
        observation: The observation before the decision.
        admissible: The admissible actions in the environment's order; None if it lists none.
        reply: The policy's whole reply, untrusted text.
        reason: The reason in the reply.
        action: The action in the reply, which the environment got; "" if there was none.
        parse_status: How reading the reply ended.
        accepted: Whether the environment accepted the action.
        score: The environment's score after the action, 0 to 1.
        prompt_tokens: Tokens of the prompt, including the cached part.
        reply_tokens: Tokens of the reply.
        logprob: Sum of the reply's token log-probabilities (natural log), if it was requested.
        held: Whether a server restricted the reply to the admissible actions; None if it was not asked to.
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
    held: Annotated[bool | None, ABSENT_IF_NONE] = None


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode of one policy on one task.

    Attributes:
        task: The task played.
        policy: Id of the policy.
        iteration: LEAP iteration of the episode (0: demonstrations).
        seed: Seed of everything random in it.
        steps: The decisions in order.
        final_observation: The observation after the last action.
        score: Score at the end, 0 to 1.
        success: Whether the task was solved.
        stop: Why it ended.
        error: The error, for infrastructure stops; for TOKEN_LIMIT a server's message, if any; otherwise "".
        parts: Parts of the score at the end by name, each 0 to 1; empty if it has no parts.
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
        """Whether no reply could be read, so that the episode shows no decision of the policy."""
        if self.steps:
            return all(step.parse_status.is_unanswered for step in self.steps)
        return self.stop is StopReason.TOKEN_LIMIT

    @property
    def opening(self) -> str:
        """The first observation, which states the task."""
        return self.steps[0].observation if self.steps else self.final_observation

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The history: each action with the following observation."""
        seen = [step.observation for step in self.steps[1:]] + [self.final_observation]
        return tuple(Turn(step.action, after) for step, after in zip(self.steps, seen, strict=True))


def task_of(episode: str) -> str:
    """Id of an episode's task, from the episode's id."""
    return episode.partition("/")[2].rpartition("/")[0]
