"""InterCode Bash as an environment: commands run in a sandbox, and submitting the answer yields the reward."""

import re
import weakref

from leap_kedro.environments.intercode_bash.engine.reward import Outcome, Reward
from leap_kedro.environments.intercode_bash.engine.runtime import Runtime, runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Sandbox, SandboxFailure
from leap_kedro.environments.intercode_bash.engine.session import Session
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.problems import Problem, problem_of
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult, TaskDataError
from leap_kedro.records import Task

SUBMIT = "submit"
_NOT_EXECUTABLE = (126, 127)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class InterCodeBashEnvironment:
    """An `Environment` for InterCode Bash. ``submit`` ends an episode; every other action is a command for bash."""

    def __init__(self, options: InterCodeBashOptions) -> None:
        self._options = options
        self._session: Session | None = None
        self._closing: weakref.finalize[..., InterCodeBashEnvironment] | None = None
        self.problem: Problem
        self.output: str | None = None

    @property
    def runtime(self) -> Runtime:
        """The host and gold runs of its options."""
        return runtime_of(self._options)

    @property
    def session(self) -> Session:
        """The current session. Raises `EnvironmentFailure` if there is none."""
        if self._session is None:
            raise EnvironmentFailure("no InterCode Bash task is in play: call reset(task) before step(action)")
        return self._session

    def reset(self, task: Task) -> Observation:
        """Start a task. Raises `EnvironmentFailure` if it cannot be built or no sandbox can be opened."""
        try:
            problem = problem_of(task, self._options)
            sandbox = self.runtime.host.open(problem.tree)
        except (TaskDataError, SandboxFailure, KeyError, ValueError, TypeError) as error:
            raise EnvironmentFailure(f"The InterCode Bash task {task.id} cannot be built: {error}") from error
        self._begin(problem, sandbox)
        self.output = problem.query
        return Observation(problem.query, None)

    def step(self, action: str) -> StepResult:
        """Execute an action. Raises `EnvironmentFailure` before the first `reset` or if the sandbox fails."""
        try:
            if submits(action):
                reward = self.reward()
                return StepResult(self._observation(), reward.total, True, True, reward.parts)
            ran = self.session.run(action)
        except SandboxFailure as error:
            raise EnvironmentFailure(f"The sandbox failed at {action[:80]!r}: {error}") from error
        self.output = ran.output
        started = ran.ending is not Ending.REFUSED and ran.exit_code not in _NOT_EXECUTABLE
        return StepResult(self._observation(), 0.0, False, started)

    @property
    def untouched(self) -> bool:
        """Whether the session is surely in its initial state. Raises `SandboxFailure` if it cannot be read."""
        layer = self.session.sandbox.layer()
        return self.session.workdir == "/" and not layer.present and not layer.hidden

    def outcome(self) -> Outcome:
        """The outcome of the session so far. Raises `SandboxFailure` if it cannot be read."""
        return self.session.outcome(self.output)

    def reward(self) -> Reward:
        """The reward of submitting now. Raises `SandboxFailure` if a sandbox fails."""
        outcome = self.outcome()
        rule = self.runtime.rule if self.problem.generated is None else self.runtime.strict_rule
        return rule(outcome, self.runtime.golds.of(self.problem.tree, self.problem.gold))

    def fork(self) -> "InterCodeBashEnvironment":
        """A copy of this environment in its current state."""
        other = InterCodeBashEnvironment(self._options)
        other._begin(self.problem, self.session.sandbox.copy())
        other.session.workdir, other.session.succeeded = self.session.workdir, self.session.succeeded
        other.output = self.output
        return other

    def over(self, problem: Problem) -> "InterCodeBashEnvironment":
        """A new environment on another problem."""
        other = InterCodeBashEnvironment(self._options)
        other._begin(problem, other.runtime.host.open(problem.tree))
        other.output = problem.query
        return other

    def close(self) -> None:
        """Remove its files on the host; also done when it is garbage-collected."""
        if self._closing is not None:
            self._closing()

    def _observation(self) -> Observation:
        return Observation(shown(self.output, self._options.shown_characters), None)

    def _begin(self, problem: Problem, sandbox: Sandbox) -> None:
        self.close()
        self.problem = problem
        self._session = Session(sandbox, self._options.quoting)
        self._closing = weakref.finalize(self, sandbox.close)


def submits(action: str) -> bool:
    """Whether an action ends the episode: as in the original, any text may follow the word."""
    return action.strip().startswith(SUBMIT)


def shown(output: str | None, max_characters: int) -> str:
    """An output as it is shown: control characters are escaped, and long outputs are cut."""
    text = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), (output or "").rstrip("\n"))
    left = len(text) - max_characters
    return text if left <= 0 else f"{text[:max_characters]}\n[{left} more characters]"
