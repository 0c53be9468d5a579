"""The values of each method, and the names of its experiments."""

from typing import Any

import pytest
from pipelines.stages import CONF

from leap_kedro.commands.compare import with_values
from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.environments.registry import REGISTERED
from leap_kedro.pipelines.methods.methods import METHODS, experiment_name, parts_of
from leap_kedro.pipelines.parameters import LeapParameters, check
from leap_kedro.settings import CONFIG_LOADER_ARGS


def checked(environment: str, values: dict[str, Any]) -> LeapParameters:
    given = with_values({"environment": environment, "iteration": 1}, values)
    loader = LeapConfigLoader(CONF, env="base", runtime_params=given, **CONFIG_LOADER_ARGS)
    return check(loader["parameters"], loader.origin)


@pytest.mark.parametrize("environment", sorted({*REGISTERED} - {"openenv"}))  # a server has nobody to imitate
@pytest.mark.parametrize("name", METHODS)
def test_it_is_accepted_in_each_environment_and_plays_as_many_episodes(name: str, environment: str) -> None:
    shared, method = checked(environment, {}), METHODS[name]
    found = checked(environment, method.parameters(shared.bootstrap.demonstrator, shared.rollout.episodes))
    assert found.rollout.episodes * method.rounds == shared.rollout.episodes


@pytest.mark.parametrize("name", METHODS)
def test_methods_that_share_a_pi_0_change_nothing_before_the_rollout(name: str) -> None:
    shared, method = checked("alfworld", {}), METHODS[name]
    found = checked("alfworld", method.parameters(shared.bootstrap.demonstrator, shared.rollout.episodes))
    later = {"rollout", "correction", "training"}
    changed = {block for block in LeapParameters.model_fields if getattr(found, block) != getattr(shared, block)}
    assert changed <= later
    assert found.correction.tells_the_student == method.own_start


def test_experiments_of_a_comparison_are_known_by_their_names() -> None:
    assert parts_of(experiment_name("big", "expert_iteration", 12), "big") == ("expert_iteration", 12)
    for other in ("big", "big_leap", "bigger_leap_0", "big_unknown_0", "big_of_mine_leap_0"):
        assert parts_of(other, "big") is None
