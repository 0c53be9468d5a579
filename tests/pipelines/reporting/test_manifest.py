"""Manifests: what an iteration was made of and what came of it."""

import json
from pathlib import Path

import pytest
from pipelines.stages import finished, run, small_catalog, small_parameters
from recorded import make_episode, make_summary

from leap_kedro.datasets.history import SECONDS
from leap_kedro.pipelines.bootstrap.pipeline import create_history_pipeline
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.parameters import recorded
from leap_kedro.pipelines.reporting import create_pipeline
from leap_kedro.pipelines.reporting.manifest import write_start
from leap_kedro.records import CorrectedEpisode, Correction, Verdict
from leap_kedro.records.hashing import content_hash, json_hash

BASE = {"name": "org/tiny", "revision": "0" * 40}
NEWEST = [make_summary(1, 9).to_json()]


@pytest.fixture
def history(tiny_base: Path, tmp_path: Path) -> History:
    base, pi_0 = make_summary(None, 0, policy="base").to_json(), make_summary(0, 5).to_json()
    return {0: finished(tmp_path / "made", 0, tiny_base, None, base, pi_0)}


def test_the_pipeline_reports_the_iteration_and_finishes_it(history: History, tmp_path: Path) -> None:
    episode = make_episode()
    correction = Correction(episode.id, 0, Verdict.CORRECT, "I look around.", "look", "oracle", 50)
    champion = {"policy": "pi_1", "iteration": 1, "success": 0.9}
    parameters = small_parameters({"seed": 3})
    catalog = small_catalog(
        tmp_path,
        parameters,
        history=history,
        evaluation=NEWEST,
        champion=champion,
        realizability={},
        rollouts=[episode],
        corrections=[CorrectedEpisode(episode.id, (correction,))],
        evaluation_episodes=[make_episode(5)],
    )
    seconds = tmp_path / "00_experiments/small/iter_1" / SECONDS
    seconds.parent.mkdir(parents=True)
    seconds.write_text('{"roll_out": 2.5}')
    run(create_pipeline(), catalog)

    curve = catalog.load("learning_curve")
    assert list(curve.data[0].y) == [0, 50, 90]
    page = catalog.load("trajectory_report")
    assert "<title>small, iteration 1</title>" in page
    assert "I look around." in page
    assert catalog.load("correction_verdicts")["count"].sum() == 1
    assert catalog.load("loop_measures")["correction"]["corrected_share"] == 1
    (row,) = catalog.load("replies")
    assert row["completion"][0]["content"].endswith("look")

    manifest = catalog.load("manifest")
    assert (manifest["experiment"], manifest["iteration"], manifest["seed"]) == ("small", 1, 3)
    assert manifest["parameters"] == json_hash(recorded(parameters))
    assert manifest["parent"] == {"policy": "pi_0", "content": content_hash(history[0].policy_folder)}
    assert manifest["evaluations"] == NEWEST
    assert manifest["champion"] == champion
    assert manifest["seconds"] == {"roll_out": 2.5}
    reports = {"learning_curve", "task_types", "trajectory_report", "correction_verdicts", "loop_measures", "replies"}
    assert manifest["data"].keys() == reports
    assert manifest["data"]["replies"] == content_hash(tmp_path / "04_training/small/iter_1/replies")
    assert {"kedro", "torch"} <= manifest["packages"].keys()
    assert json.loads((seconds.parent / "manifest.json").read_text()) == manifest


def test_the_manifest_of_iteration_0_begins_the_history(history: History, tmp_path: Path) -> None:
    base, pi_0 = history[0].evaluations
    values = {
        "pi_0_evaluation": [pi_0],
        "pi_0": history[0].policy(),
        "D_0": [],
        "base": BASE,
        "base_evaluation": [base],
    }
    # Iteration 3 runs, say, in an experiment whose first files were deleted: what it starts from is iteration 0 still.
    catalog = small_catalog(tmp_path, small_parameters(iteration=3), **values)
    run(create_history_pipeline("base_evaluation"), catalog)
    assert catalog.load("history")[0].manifest["iteration"] == 0
    assert catalog.load("history")[0].evaluations == [base, pi_0]
    assert catalog.load("history")[0].manifest["base"] == BASE


def test_the_base_need_not_be_evaluated(history: History) -> None:
    (_, pi_0), parameters = history[0].evaluations, small_parameters().model_dump()
    assert write_start(parameters, [pi_0], history[0].policy(), [], BASE)["evaluations"] == [pi_0]
