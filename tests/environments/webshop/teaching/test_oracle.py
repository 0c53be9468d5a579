"""The privileged side: plans that work, costs that fit them, and other shops that look alike."""

from random import Random

import pytest

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.environment import WebShopEnvironment
from leap_kedro.records import Task

BENCHMARK = WebShop(**{"products": 200})
TASKS = BENCHMARK.tasks("test", 12, 3)


def strayed(task: Task, steps: int, seed: int) -> tuple[WebShopEnvironment, list[str]]:
    """An environment after random actions, none of which buys."""
    environment = BENCHMARK.environment()
    assert isinstance(environment, WebShopEnvironment)
    rng, seen, actions = Random(seed), environment.reset(task), []
    for _ in range(steps):
        listed = [action for action in seen.admissible or () if action != "click[buy now]"]
        action = rng.choice(listed)
        action = filled(action, task.goal.split(",")[0]) if is_open(action) else action
        seen = environment.step(action).observation
        actions.append(action)
    return environment, actions


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_plan_from_anywhere_buys_what_is_worth_one_and_gets_shorter_by_one_each_step(task: Task) -> None:
    oracle = BENCHMARK.oracle()
    for seed in range(6):
        environment, _ = strayed(task, seed * 2, seed)
        plan = oracle.state(environment).plan
        assert oracle.cost_to_go(environment) == len(plan) > 0
        for left, action in enumerate(plan):
            assert oracle.lookahead(environment, [action]) == [len(plan) - left - 1]
            result = environment.step(action)
            assert result.accepted
        assert (result.done, result.score) == (True, 1.0)
        assert oracle.cost_to_go(environment) == 0


def test_no_action_gains_more_than_one_and_a_wrong_purchase_is_hopeless() -> None:
    oracle = BENCHMARK.oracle()
    for number, task in enumerate(TASKS):
        environment, _ = strayed(task, 3 + number % 4, number)
        now = oracle.cost_to_go(environment)
        listed = [action for action in environment.step("look").observation.admissible or () if not is_open(action)]
        after = oracle.lookahead(environment, listed)
        assert now is not None
        assert all(cost is None or cost >= now - 1 for cost in after)
        assert oracle.lookahead(environment, ["dance", "click[no such thing]"]) == [None, None]
        assert oracle.cost_to_go(environment) == now


def test_what_is_hidden_is_the_product_the_values_and_the_attributes() -> None:
    environment = BENCHMARK.environment()
    assert isinstance(environment, WebShopEnvironment)
    environment.reset(TASKS[0])
    state = BENCHMARK.oracle().state(environment)
    asin, title, *values = state.essentials
    assert environment.shop.products[asin].title == title
    assert set(values) == set(environment.goal.option_values)
    assert f"What fits is {title} at {environment.shop.products[asin].price_tag}." in state.facts
    assert all(any(attribute in fact for fact in state.facts) for attribute in environment.goal.attributes)


def test_other_shops_show_the_same_pages_and_hide_other_things() -> None:
    oracle = BENCHMARK.oracle()
    found = 0
    for number, task in enumerate(TASKS):
        environment, actions = strayed(task, 4, number)
        page = environment.shop.view(environment.session, environment.goal)
        for other in oracle.alternatives(environment, actions, 2, seed=number):
            assert isinstance(other, WebShopEnvironment)
            assert other.session.page == environment.session.page
            assert other.shop.view(other.session, other.goal) == page
            assert other.shop.products != environment.shop.products
            found += 1
    assert found > len(TASKS)
