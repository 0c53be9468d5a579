"""Playing as work that can run in other processes and on other machines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from leap_kedro.compute.work import Loaded, Pulse
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import Policy, ServedPolicy
from leap_kedro.policies.running_episode import PlaySettings, SeededTask
from leap_kedro.records import Episode, StopReason, Task


class PolicySpec(Protocol):
    """Loads a policy in any process; picklable.

    Attributes:
        id: Name of the policy in episodes.
    """

    @property
    def id(self) -> str: ...  # noqa: D102

    def load(self) -> Policy | ServedPolicy:
        """The policy, ready to answer."""


@dataclass(frozen=True, slots=True)
class PlayingWork:
    """A policy plays tasks; see `Work`."""

    environment: EnvironmentSpec
    policy: PolicySpec
    settings: PlaySettings
    name: str = "rollout"

    @property
    def slots(self) -> int:
        """Episodes played at once."""
        return self.settings.slots

    @property
    def folder(self) -> Path | None:
        """The policy's folder; None for a policy of a server."""
        return self.policy.folder if isinstance(self.policy, LocalPolicySpec) else None

    def moved(self, folder: Path) -> "PlayingWork":
        """See `Work`."""
        if not isinstance(self.policy, LocalPolicySpec):
            return self
        return replace(self, policy=replace(self.policy, folder=folder))

    def load(self) -> Loaded[Task | SeededTask, Episode]:
        """See `Work`."""
        policy = self.policy.load()

        def played(tasks: Iterable[Task | SeededTask], pulse: Pulse) -> Iterator[Episode]:
            return play(tasks, self.environment, policy, self.settings, pulse)

        return played

    def item_id(self, item: Task | SeededTask) -> str:
        """See `Work`."""
        return SeededTask.of(item, self.settings.seed).id

    def result_id(self, result: Episode) -> str:
        """See `Work`."""
        return SeededTask(result.task, result.seed).id

    def given_up(self, item: Task | SeededTask, cause: str) -> Episode:
        """An episode without steps that ended for an infrastructure reason."""
        seeded = SeededTask.of(item, self.settings.seed)
        return Episode(
            task=seeded.task,
            policy=self.policy.id,
            iteration=self.settings.iteration,
            seed=seeded.seed,
            steps=(),
            final_observation="",
            score=0.0,
            success=False,
            stop=StopReason.WORKER_ERROR,
            error=cause,
        )
