"""Demonstrations from a file or a data set."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from environments.houses import Houses, episodes

from leap_kedro.pipelines.bootstrap.given import GivenEpisodesRefused, given_demonstrations, is_given

TURN = {"action": "look", "observation": "A room."}


def written(folder: Path, *records: Any) -> str:
    file = folder / "shown.jsonl"
    file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in records), "utf-8")
    return str(file)


def test_each_turn_of_an_episode_is_a_target(tmp_path: Path) -> None:
    source = written(tmp_path, *episodes(Houses(), 3))
    first, second = given_demonstrations(source, 2, "houses")
    assert first.opening.startswith("Find the treasure. Something")
    assert [(target.step, target.reason) for target in first.targets] == [(0, "It glitters.")]
    assert first.targets[0].action == first.turns[0].action
    assert first.turns[0].observation == "You found it."
    assert (first.environment, first.episode, second.episode) == ("houses", "given/1", "given/2")


@pytest.mark.parametrize(
    ("demonstrator", "given"),
    [
        ("shown.jsonl", True),
        ("some/folder", True),
        ("dataset:someone/episodes", True),
        ("openai:org/model", False),
        ("openai:model.jsonl", False),
        ("planner", False),
        ("base", False),
    ],
)
def test_files_and_data_sets_are_told_from_other_demonstrators(demonstrator: str, given: bool) -> None:
    assert is_given(demonstrator) is given


def test_a_turn_without_a_reason_gets_a_plain_one(tmp_path: Path) -> None:
    (example,) = given_demonstrations(written(tmp_path, {"opening": "Look.", "turns": [TURN]}), 1, "houses")
    assert example.targets[0].reason == "I want to look."


def test_a_data_set_is_read(tmp_path: Path) -> None:
    shown = list(episodes(Houses(), 2))
    datasets.Dataset.from_list(shown).save_to_disk(tmp_path / "shown")
    given = given_demonstrations(str(tmp_path / "shown"), 2, "houses")
    assert given == given_demonstrations(written(tmp_path, *shown), 2, "houses")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("{broken", "line 2 is no JSON"),
        ({"turns": [TURN]}, "episode 2: `opening`: Field required"),
        ({"opening": "Look.", "turns": []}, "episode 2: `turns`"),
        ({"opening": "Look.", "turns": [{"action": "look"}]}, r"episode 2: `turns\.0\.observation`"),
        ({"opening": "Look.", "turns": [{**TURN, "action": "look\nup"}]}, r"episode 2: `turns\.0\.action`"),
        ([1], "episode 2"),
    ],
)
def test_a_malformed_episode_is_named(tmp_path: Path, record: Any, said: str) -> None:
    source = written(tmp_path, {"opening": "Look.", "turns": [TURN]}, record)
    with pytest.raises(GivenEpisodesRefused, match=said) as caught:
        given_demonstrations(source, 2, "houses")
    assert "An episode has the form" in str(caught.value)


def test_too_few_or_no_episodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GivenEpisodesRefused, match=r"has 1 episodes.*asks for 5.*bootstrap\.demonstrations=1"):
        given_demonstrations(written(tmp_path, {"opening": "Look.", "turns": [TURN]}), 5, "houses")
    for absent in ("absent.jsonl", "absent/folder"):
        with pytest.raises(GivenEpisodesRefused, match="cannot be read"):
            given_demonstrations(absent, 1, "houses")
