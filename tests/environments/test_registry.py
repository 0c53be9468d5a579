"""Environments by name."""

import pytest

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import UnknownEnvironment, environment_instructions, make_benchmark


def test_an_unknown_environment_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownEnvironment, match=r"'alfwrld'.*Did you mean 'alfworld'.*Known: alfworld"):
        make_benchmark(EnvironmentSpec("alfwrld", {}))
    with pytest.raises(UnknownEnvironment, match="'alfwrld'"):
        environment_instructions("alfwrld")


def test_instructions_name_the_actions() -> None:
    assert "go to <place>" in environment_instructions("alfworld")
