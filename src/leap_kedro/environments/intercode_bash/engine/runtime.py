"""What a process needs to run commands: the sandboxes' host, and what gold commands did."""

from functools import lru_cache
from typing import TYPE_CHECKING

from leap_kedro.environments.intercode_bash.engine.golds import GoldRuns
from leap_kedro.environments.intercode_bash.engine.reward import RewardRule
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import open_host

if TYPE_CHECKING:
    from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions


class Runtime:
    """Host, gold runs and reward rules of some options; the strict rule is that of generated tasks."""

    def __init__(self, options: "InterCodeBashOptions") -> None:
        """Find a backend that works. Raises `NoSandbox` if none does."""
        self.host = open_host(options.backend, options.limits, options.scratch_folder, options.docker_image)
        self.golds = GoldRuns(self.host, options.quoting)
        self.rule = RewardRule(options.quoting, options.strict_dirs)
        self.strict_rule = RewardRule(options.quoting, strict_dirs=True)


@lru_cache(maxsize=8)
def runtime_of(options: "InterCodeBashOptions") -> Runtime:
    """The runtime of some options; its layers are removed when the process ends.

    Raises:
        NoSandbox: If no backend works here.
    """
    return Runtime(options)
