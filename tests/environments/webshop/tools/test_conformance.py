"""Recorded episodes of the original on the native shop."""

import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from webshop_files import product, write_files

from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.tools import conformance, export


def test_recorded_episodes_replay_without_a_difference(
    shared_webshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traces = str(shared_webshop / "traces.jsonl.xz")
    assert conformance.main([traces, "--catalogue", str(shared_webshop), "--nouns", "words"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("episodes 80 steps 726 differences 0 rewards-different 5\n")
    assert "recorded: 0.016666666666666666" in printed


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path, list[dict[str, Any]]]:
    """A generated catalogue, and a recording of an episode in it."""
    export.export_shop(tmp_path / "shop", "test", 0, 30)
    goal = {"category": "c", "query": "mug", "name": "Mug", "product_category": "", "instruction_text": "a mug"}
    goal |= {"asin": "B", "attributes": ["x"], "price_upper": 20.0, "goal_options": {"color": "red"}}
    page = {"observation": "WebShop\nInstruction: \na mug\n[button] Search [button_]\n", "clickables": ["search"]}
    start = {**page, "has_search_bar": True}
    steps = [{"action": "dance", **start, "reward": 0.0, "done": False}]
    lines: list[dict[str, Any]] = [{"prices": {}}, {"goal": goal, "goal_index": 3, "start": start, "steps": steps}]
    return tmp_path / "shop", tmp_path / "traces.jsonl.xz", lines


def ran(shop: Path, traces: Path, lines: list[dict[str, Any]]) -> int:
    with lzma.open(traces, "wt") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
    return conformance.main([str(traces), "--catalogue", str(shop)])


def test_equal_answers_exit_with_0_and_a_difference_is_shown_with_1(
    made: tuple[Path, Path, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    shop, traces, lines = made
    assert ran(shop, traces, lines) == 0
    assert capsys.readouterr().out == "episodes 1 steps 1 differences 0 rewards-different 0\n"
    lines[1]["steps"][0]["clickables"] = ["find"]
    assert ran(shop, traces, lines) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("episodes 1 steps 1 differences 1 rewards-different 0\n")
    assert "goal 3, step 1 ('dance'): clickables differs\n  recorded: ['find']\n  native:   ['search']" in printed


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "are empty"),
        ([{"goal": {}, "start": {}, "steps": []}], "line 1: without"),
        ([{"prices": 7}], "line 1 has no `prices`"),
        ([{"prices": {}}, {"goal": {}}], "without start, steps"),
        ([{"prices": {}}, {"goal": {}, "start": {}, "steps": [{}]}], "line 2: without asin, attributes"),
    ],
)
def test_what_is_no_recording_is_refused(
    made: tuple[Path, Path, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str], lines: list[Any], why: str
) -> None:
    assert ran(made[0], made[1], lines) == 2
    assert why in capsys.readouterr().err
    made[1].write_bytes(b"no xz")
    assert conformance.main([str(made[1]), "--catalogue", str(made[0])]) == 2
    assert conformance.main([str(made[1]), "--catalogue", str(made[0] / "nowhere")]) == 2


def test_a_shop_without_products_is_not_exported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        export.main(["folder", "--products", "0"])
    assert "--products: at least 1, not 0" in capsys.readouterr().err


def test_a_catalogue_without_goals_is_named(tmp_path: Path) -> None:
    root = write_files(tmp_path, [product(average_rating=float("nan"))])
    with pytest.raises(TaskDataError, match=f"{root}: no goals"):
        WebShop(**{"source": "official", "data_root": root}).tasks("test", 1, 0)
