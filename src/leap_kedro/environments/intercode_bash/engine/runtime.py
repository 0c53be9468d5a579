"""Shared resources of a process that runs commands: the sandbox host and the results of gold commands."""

from functools import lru_cache
from typing import TYPE_CHECKING

from leap_kedro.environments.intercode_bash.engine.golds import GoldRuns
from leap_kedro.environments.intercode_bash.engine.reward import RewardRule
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import open_host

if TYPE_CHECKING:
    from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions


class Runtime:
    """Host, gold runs and reward rules for given options; the strict rule applies to generated tasks."""

    def __init__(self, options: "InterCodeBashOptions") -> None:
        """Find a working backend. Raises `NoSandbox` if there is none."""
        self.host = open_host(options.backend, options.limits, options.scratch_folder, options.docker_image)
        self.golds = GoldRuns(self.host, options.quoting)
        self.rule = RewardRule(options.quoting, options.strict_dirs)
        self.strict_rule = RewardRule(options.quoting, strict_dirs=True)


@lru_cache(maxsize=8)
def runtime_of(options: "InterCodeBashOptions") -> Runtime:
    """The runtime for given options; its layers are removed when the process ends.

    Raises:
        NoSandbox: If no backend works.
    """
    return Runtime(options)
