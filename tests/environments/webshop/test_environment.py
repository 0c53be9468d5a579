"""The benchmark as the loop uses it: tasks, environment, options, and what breaks."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from leap_kedro.environments.actions import is_open
from leap_kedro.environments.protocol import EnvironmentFailure, EnvironmentSpec, TaskDataError
from leap_kedro.environments.registry import environment_instructions, make_benchmark
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.tools import reference
from leap_kedro.environments.webshop.tools.export import export_shop
from leap_kedro.records import Task, decode, encode

BENCHMARK = WebShop(**{"products": 60})
(TASK,) = BENCHMARK.tasks("test", 1, 0)


def test_it_is_registered_and_says_what_its_actions_are() -> None:
    assert make_benchmark(EnvironmentSpec("webshop", {})).name == "webshop"
    assert "search[words]" in environment_instructions("webshop")


def test_tasks_follow_from_split_and_seed_and_no_two_splits_share_one() -> None:
    splits = {name: BENCHMARK.tasks(name, None, 0) for name in ("train", "eval", "test", "base")}
    assert BENCHMARK.tasks("train", 5, 0) == splits["train"][:5]
    assert {len(tasks) for tasks in splits.values()} == {60}
    ids = [task.id for tasks in splits.values() for task in tasks]
    assert len(set(ids)) == len(ids)
    assert [task.goal for task in BENCHMARK.tasks("train", 5, 1)] != [task.goal for task in splits["train"][:5]]
    with pytest.raises(TaskDataError, match=r"split .*'valid'.*: test, eval, train, base"):
        BENCHMARK.tasks("valid", 1, 0)


def test_a_task_says_how_it_is_scored_and_survives_the_store() -> None:
    assert TASK.payload["scoring"] in ("nouns by words", "nouns by spaCy")
    assert decode(Task, encode(TASK)) == TASK


def test_another_process_plays_the_same_task() -> None:
    first, second = BENCHMARK.environment(), WebShop().environment()
    assert first.reset(TASK) == second.reset(TASK)
    assert first.step("search[mug]") == second.step("search[mug]")


def test_a_purchase_ends_the_episode_with_its_score_and_parts() -> None:
    environment, oracle = BENCHMARK.environment(), BENCHMARK.oracle()
    environment.reset(TASK)
    for action in oracle.state(environment).plan:
        result = environment.step(action)
    assert (result.score, result.done) == (1.0, True)
    assert result.parts == {"attributes": 1.0, "options": 1.0, "type": 1.0, "price": 1.0}
    assert result.observation.admissible == ()


def test_before_a_purchase_there_are_no_parts_and_a_search_is_listed_on_every_page() -> None:
    environment = BENCHMARK.environment()
    assert environment.reset(TASK).admissible == ("search[<words>]",)
    result = environment.step("search[mug]")
    assert (result.score, result.parts, result.accepted) == (0.0, {}, True)
    assert result.observation.admissible is not None
    assert result.observation.admissible[:2] == ("click[back to search]", "click[next >]")
    assert result.observation.admissible[-1] == "search[<words>]"


def test_listed_actions_can_be_limited_to_buttons_and_a_draw_that_stays_the_same() -> None:
    limited = WebShop(**{"products": 60, "candidate_limit": 10})
    seen = []
    for _ in range(2):
        environment = limited.environment()
        environment.reset(TASK)
        seen.append(environment.step("search[made to last gift warranty week]").observation.admissible)
    assert seen[0] == seen[1]
    assert seen[0] is not None
    assert len(seen[0]) == 10
    assert seen[0][:2] == ("click[back to search]", "click[next >]")
    assert is_open(seen[0][-1])


@settings(max_examples=40)
@given(st.lists(st.text(max_size=15) | st.sampled_from(["search[mug]", "click[next >]", "click[< prev]"]), max_size=6))
def test_any_text_is_a_safe_action_and_what_is_refused_changes_nothing(actions: list[str]) -> None:
    environment = BENCHMARK.environment()
    seen = environment.reset(TASK)
    for action in actions:
        result = environment.step(action)
        assert result.accepted or result.observation.text == seen.text
        seen = result.observation


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"source": "generated"},
        {**TASK.payload, "goal": 9999},
        {**TASK.payload, "goal": "first"},
        {"source": "moon"},
    ],
)
def test_a_task_that_cannot_be_built_is_a_failure_of_the_environment(payload: dict[str, Any]) -> None:
    environment = BENCHMARK.environment()
    with pytest.raises(EnvironmentFailure, match="task broken"):
        environment.reset(Task("broken", "webshop", "test", "", "", payload))
    with pytest.raises(EnvironmentFailure, match=r"call reset\(task\)"):
        environment.step("search[mug]")


@pytest.mark.parametrize("options", [{"sorce": "official"}, {"products": 3}, {"nouns": "nltk"}, {"search": "google"}])
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebShop(**options)


@pytest.fixture
def official(tmp_path: Path) -> Any:
    export_shop(tmp_path / "data", "test", 5, 40)
    options = {"source": "auto", "data_root": str(tmp_path / "data"), "cache_folder": str(tmp_path / "cache")}
    return WebShop(**{**options, "goals": "human"})


def test_official_files_are_played_with_all_three_splits(official: Any) -> None:
    sizes = {split: len(official.tasks(split, None, 0)) for split in ("test", "eval", "train")}
    assert sizes == {"test": 8, "eval": 4, "train": 28}
    (task,) = official.tasks("test", 1, 0)
    assert (task.payload["source"], task.payload["goals"]) == ("official", "human")
    environment, oracle = official.environment(), official.oracle()
    environment.reset(task)
    assert oracle.cost_to_go(environment) is not None
    assert sorted(task.id for task in official.tasks("train", 28, 1)) == sorted(
        task.id for task in official.tasks("train", None, 0)
    )
    expert = official.expert("careful")
    expert.start(environment.reset(task).text)
    assert expert.decide().action.startswith("search[")


def test_official_files_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WEBSHOP_DATA", raising=False)
    with pytest.raises(TaskDataError, match="WEBSHOP_DATA is not set"):
        WebShop(**{"source": "official"}).tasks("test", 1, 0)
    environment = WebShop(**{"source": "official", "data_root": str(tmp_path)}).environment()
    with pytest.raises(EnvironmentFailure, match="has no items_shuffle"):
        environment.reset(Task("t", "webshop", "test", "", "", {"source": "official", "goal": 0}))


class FakeOriginal:
    """As much of `web_agent_site.envs.WebAgentTextEnv` as is used."""

    def __init__(self, **options: Any) -> None:
        self.options, self.page = options, "index"

    def reset(self, session: int) -> tuple[str, None]:
        self.page = "index"
        return f"goal {session} {json.dumps(self.options)}", None

    def get_available_actions(self) -> dict[str, Any]:
        return {"has_search_bar": True, "clickables": {"index": ["search"], "item": ["buy now"]}[self.page]}

    def step(self, action: str) -> tuple[str, float, bool, None]:
        if action == "click[crash]":
            raise KeyError("B0")
        self.page = "item" if action.startswith("search[") else self.page
        done = action == "click[buy now]"
        return f"after {action}", 0.5 * done, done, None


@pytest.fixture
def original(monkeypatch: pytest.MonkeyPatch) -> None:
    package, envs = ModuleType("web_agent_site"), ModuleType("web_agent_site.envs")
    envs.WebAgentTextEnv = FakeOriginal  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "web_agent_site", package)
    monkeypatch.setitem(sys.modules, "web_agent_site.envs", envs)
    monkeypatch.setattr(reference, "find_spec", lambda name: object())
    reference._original.cache_clear()


OFFICIAL = Task("o", "webshop", "test", "", "", {"source": "official", "goal": 7, "goals": "human"})


@pytest.mark.usefixtures("original")
def test_the_original_is_driven_by_the_same_protocol() -> None:
    environment = WebShop(**{"backend": "web_agent_site", "products": 1000}).environment()
    seen = environment.reset(OFFICIAL)
    assert seen.text == 'goal 7 {"observation_mode": "text_rich", "num_products": 1000, "human_goals": true}'
    assert seen.admissible == ("search[<words>]",)
    result = environment.step("search[a mug]")
    assert (result.accepted, result.observation.admissible) == (True, ("click[buy now]", "search[<words>]"))
    assert not environment.step("click[sell]").accepted
    result = environment.step("click[buy now]")
    assert (result.score, result.done) == (0.5, True)
    with pytest.raises(EnvironmentFailure, match="reset"):
        environment.step("search[more]")


@pytest.mark.usefixtures("original")
def test_what_breaks_in_the_original_is_a_failure_of_the_environment() -> None:
    benchmark = WebShop(**{"backend": "web_agent_site"})
    environment = benchmark.environment()
    with pytest.raises(EnvironmentFailure, match="is a generated one"):
        environment.reset(TASK)
    environment.reset(OFFICIAL)
    with pytest.raises(EnvironmentFailure, match=r"broke at 'click\[crash\]'"):
        environment.step("click[crash]")
    with pytest.raises(EnvironmentFailure, match=r"environments.webshop.backend=native"):
        benchmark.oracle()


def test_an_original_that_is_not_there_is_named_with_how_to_get_it() -> None:
    with pytest.raises(reference.MissingOriginal, match=r"web_agent_site.*princeton-nlp/WebShop.*backend: native"):
        WebShop(**{"backend": "web_agent_site"}).environment()
