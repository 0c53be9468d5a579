"""An episode while it is played."""

from collections.abc import Mapping

from leap_kedro.environments.protocol import Benchmark, Environment, Observation, StepResult
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.records import Episode, Step, StopReason, Task, Turn

NOTHING_HAPPENS = "Nothing happens."
"""What a policy reads after a reply without an action; the environment is not called."""


def no_action(before: Observation) -> Observation:
    """What is seen after a reply without an action."""
    return Observation(NOTHING_HAPPENS, before.admissible)


class RunningEpisode:
    """One task, the environment that plays it, and what has happened."""

    def __init__(
        self,
        task: Task,
        benchmark: Benchmark,
        policy: str,
        iteration: int,
        seed: int,
        max_actions: int,
        refused_limit: int | None,
    ) -> None:
        """Start the task; if that fails the episode has ended with `ENVIRONMENT_ERROR`."""
        self.stop: StopReason | None = None
        self._task, self._policy, self._iteration, self._seed = task, policy, iteration, seed
        self._max_actions, self._refused_limit = max_actions, refused_limit
        self._steps: list[Step] = []
        self._turns: list[Turn] = []
        self._score, self._refused, self._error = 0.0, 0, ""
        self._parts: Mapping[str, float] = dict.fromkeys(benchmark.score_parts, 0.0)
        self._observation = Observation("", None)
        try:
            self._environment = benchmark.environment()
            self._observation = self._environment.reset(task)
        except Exception as error:
            self.end(StopReason.ENVIRONMENT_ERROR, error)
        self._opening = self._observation.text

    @property
    def environment(self) -> Environment:
        """Where it is played; for players that see more than a conversation. Never stepped but by `take`."""
        return self._environment

    def conversation(self) -> Conversation:
        """What the policy is asked now."""
        return Conversation(
            key=f"{self._iteration}/{self._task.id}/{self._seed}",
            opening=self._opening,
            turns=tuple(self._turns),
            admissible=self._observation.admissible,
            seed=self._seed,
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
            )
        )
        self._observation, self._score = result.observation, result.score
        self._parts = {**self._parts, **result.parts}
        self._turns.append(Turn(reply.action, result.observation.text))
        self._refused = 0 if result.accepted else self._refused + 1
        if result.done:
            self.end(StopReason.SOLVED if result.score >= 1.0 else StopReason.FINISHED)
        elif len(self._steps) >= self._max_actions:
            self.end(StopReason.STEP_LIMIT)
        elif self._refused_limit is not None and self._refused >= self._refused_limit:
            self.end(StopReason.REFUSED_ACTIONS)

    def end(self, stop: StopReason, error: Exception | str = "") -> None:
        """End the episode; `error` says what broke."""
        self.stop = stop
        self._error = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else error

    def result(self) -> Episode:
        """The episode's record; it must have ended."""
        if self.stop is None:
            raise RuntimeError(f"The episode of {self._task.id} has not ended.")
        return Episode(
            task=self._task,
            policy=self._policy,
            iteration=self._iteration,
            seed=self._seed,
            steps=tuple(self._steps),
            final_observation=self._observation.text,
            score=self._score,
            success=self.stop is StopReason.SOLVED,
            stop=self.stop,
            error=self._error,
            parts=self._parts,
        )

    def _result_of(self, action: str) -> StepResult | None:
        """What the action leads to; None if the environment broke, which ends the episode."""
        if not action:
            return StepResult(no_action(self._observation), self._score, done=False, accepted=False, parts=self._parts)
        try:
            return self._environment.step(action)
        except Exception as error:
            self.end(StopReason.ENVIRONMENT_ERROR, error)
            return None
