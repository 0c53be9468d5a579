"""An episode while it is played."""

from collections.abc import Mapping
from dataclasses import dataclass

from leap_kedro.environments.protocol import Benchmark, Environment, Observation, StepResult
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, Step, StopReason, Task, Turn
from leap_kedro.records.errors import described
from leap_kedro.records.seeds import episode_seed

NOTHING_HAPPENS = "Nothing happens."
"""Observation after a reply without an action, which does not step the environment."""


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """How episodes are played.

    Attributes:
        max_actions: Maximum number of actions.
        refused_limit: Number of consecutive refused actions that ends an episode; None for no limit.
        slots: Number of episodes played at once.
        seed: Seed of the run, from which the seeds of the episodes are derived.
        iteration: LEAP iteration, for the record.
    """

    max_actions: int
    refused_limit: int | None = 3
    slots: int = 32
    seed: int = 0
    iteration: int = 0


@dataclass(frozen=True, slots=True)
class SeededTask:
    """A task, and the seed of an episode on it.

    Attributes:
        task: The task.
        seed: Seed of everything random in the episode.
    """

    task: Task
    seed: int

    @property
    def id(self) -> str:
        """Name of the episode, unique within a run."""
        return f"{self.task.id}/{self.seed}"

    @classmethod
    def of(cls, item: "Task | SeededTask", run_seed: int) -> "SeededTask":
        """The item itself, or a task with the seed that it has in a run in which each task is played once."""
        return item if isinstance(item, SeededTask) else cls(item, episode_seed(run_seed, item.id))


def no_action(before: Observation) -> Observation:
    """The observation after a reply without an action."""
    return Observation(NOTHING_HAPPENS, before.admissible)


class RunningEpisode:
    """One task, the environment in which it is played, and the steps so far.

    Attributes:
        stop: Why the episode ended; None before that.
        failure: The exception that ended it, if any.
    """

    def __init__(self, item: Task | SeededTask, benchmark: Benchmark, policy: str, settings: PlaySettings) -> None:
        """Start the task; if that fails, the episode has ended with `ENVIRONMENT_ERROR`.

        Args:
            item: The task; without a seed, that of a run in which each task is played once.
            benchmark: The benchmark that it belongs to.
            policy: Id of the policy, for the record.
            settings: How it is played.
        """
        self.stop: StopReason | None = None
        self.failure: Exception | None = None
        seeded = SeededTask.of(item, settings.seed)
        self._task, self._policy, self._settings = seeded.task, policy, settings
        self.seed = seeded.seed
        self._steps: list[Step] = []
        self._turns: list[Turn] = []
        self._score, self._refused, self._error = 0.0, 0, ""
        self._parts: Mapping[str, float] = dict.fromkeys(benchmark.score_parts, 0.0)
        self._observation = Observation("", None)
        try:
            self._environment = benchmark.environment()
            self._observation = self._environment.reset(self._task)
        except Exception as error:
            self.end(StopReason.ENVIRONMENT_ERROR, error)
        self._opening = self._observation.text

    @property
    def environment(self) -> Environment:
        """The environment, for players that see more than a conversation; only `take` may step it."""
        return self._environment

    @property
    def admissible(self) -> tuple[str, ...] | None:
        """The actions that the environment currently lists; None if it lists none."""
        return self._observation.admissible

    @property
    def ended(self) -> bool:
        """Whether the episode has ended."""
        return self.stop is not None

    def conversation(self) -> Conversation:
        """The conversation that the policy has to answer now."""
        return Conversation(
            key=f"{self._settings.iteration}/{self._task.id}/{self.seed}",
            opening=self._opening,
            turns=tuple(self._turns),
            admissible=self._observation.admissible,
            seed=self.seed,
        )

    def take(self, reply: Reply) -> None:
        """Carry out a reply."""
        if reply.too_long:
            self.end(StopReason.TOKEN_LIMIT, reply.error)
            return
        if reply.error:
            self.end(StopReason.POLICY_ERROR, reply.error)
            return
        result = self._result_of(reply.action)
        if result is None:
            return
        before = self._observation
        self._steps.append(
            Step(
                observation=before.text,
                admissible=before.admissible,
                reply=reply.text,
                reason=reply.reason,
                action=reply.action,
                parse_status=reply.status,
                accepted=result.accepted,
                score=result.score,
                prompt_tokens=reply.prompt_tokens,
                reply_tokens=reply.reply_tokens,
                logprob=reply.logprob,
                held=reply.held,
            )
        )
        self._observation, self._score = result.observation, result.score
        self._parts = {**self._parts, **result.parts}
        self._turns.append(Turn(reply.action, result.observation.text))
        self._refused = 0 if result.accepted else self._refused + 1
        limit = self._settings.refused_limit
        if result.done:
            self.end(StopReason.SOLVED if result.score >= 1.0 else StopReason.FINISHED)
        elif len(self._steps) >= self._settings.max_actions:
            self.end(StopReason.STEP_LIMIT)
        elif limit is not None and self._refused >= limit:
            self.end(StopReason.REFUSED_ACTIONS)

    def end(self, stop: StopReason, error: Exception | str = "") -> None:
        """End the episode; `error` says what failed."""
        self.stop = stop
        self._error = error if isinstance(error, str) else described(error)
        self.failure = None if isinstance(error, str) else error

    def result(self) -> Episode:
        """The episode's record; it must have ended."""
        if self.stop is None:
            raise RuntimeError(f"The episode of {self._task.id} has not ended.")
        return Episode(
            task=self._task,
            policy=self._policy,
            iteration=self._settings.iteration,
            seed=self.seed,
            steps=tuple(self._steps),
            final_observation=self._observation.text,
            score=self._score,
            success=self.stop is StopReason.SOLVED,
            stop=self.stop,
            error=self._error,
            parts=self._parts,
        )

    def _result_of(self, action: str) -> StepResult | None:
        """The result of an action; None if the environment failed, which ends the episode."""
        if not action:
            return StepResult(no_action(self._observation), self._score, done=False, accepted=False, parts=self._parts)
        try:
            return self._environment.step(action)
        except Exception as error:
            self.end(StopReason.ENVIRONMENT_ERROR, error)
            return None
