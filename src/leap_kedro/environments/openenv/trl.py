"""An OpenEnv server for TRL's `GRPOTrainer(environment_factory=...)`, which wants tools and a reward and no client."""

from typing import Any

from leap_kedro.environments.openenv.environment import RemoteEnvironment
from leap_kedro.environments.openenv.options import OpenEnvOptions


class OpenEnvTools:
    """One rollout: a data set's columns `split`, `index` and `seed` choose the task, and `act` is the only tool.

    ``environment_factory=functools.partial(OpenEnvTools, "http://127.0.0.1:8000")``. TRL keeps as many as rollouts are
    under way, and each keeps a session of the server. Options are those of `environment=openenv`, such as `mapping`.
    """

    def __init__(self, url: str, **options: Any) -> None:
        """Connect at the first reset. Raises `pydantic.ValidationError` if an option is wrong."""
        self._environment = RemoteEnvironment(OpenEnvOptions(url=url, **options))
        self._score, self._done = 0.0, False

    def reset(self, split: str = "train", index: int = 0, seed: int = 0, **row: Any) -> str:
        """Start a task; its first observation follows the row's prompt. Raises `EnvironmentFailure`."""
        self._score, self._done = 0.0, False
        return "\n\n" + self._environment.start({"split": split, "index": index, "seed": seed}).text

    def act(self, command: str) -> str:
        """Carry out one action in the environment.

        Args:
            command: The action, on one line.

        Returns:
            What is seen then.
        """
        if self._done:
            return "The episode is over."
        result = self._environment.step(command)
        self._score, self._done = result.score, result.done
        return result.observation.text + ("\nThe episode is over." if result.done else "")

    def get_reward(self) -> float:
        """The score of the episode, 0 to 1."""
        return self._score
