"""What travels to machines without shared storage, and comes back."""

import json
from pathlib import Path

from leap_kedro.compute.node_files import read_files, write_files
from leap_kedro.training.adapters import recorded_base
from leap_kedro.training.checkpoints import last_whole, mark_whole
from leap_kedro.training.parameters import FineTuning, Job, LoraParameters
from leap_kedro.training.travel import Luggage


def written(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_continued_adapter_finds_its_base_there_and_the_policy_that_comes_back_finds_it_here(tmp_path: Path) -> None:
    start, base, work, there = (tmp_path / name for name in ("pi_0", "model", "work", "there"))
    written(base / "config.json")
    written(start / "config.json")
    recorded = written(start / "adapter" / "base.json", json.dumps({"folder": str(base), "sha256": "1"}))
    written(work / "checkpoints" / "checkpoint-7" / "model", "half")
    mark_whole(written(work / "checkpoints" / "checkpoint-3" / "model", "whole").parent)
    lora = LoraParameters(start="continue")
    job = Job(
        start=start,
        data=written(work / "some.npz", "data"),
        parameters=FineTuning(max_steps=1, lora=lora),
        checkpoints=work / "checkpoints",
        target=work / "policy",
    )
    luggage = Luggage(job)

    write_files(there, luggage.content())
    moved = luggage.there(there)

    assert recorded_base(moved.start, lora) == (there / "base", "1")
    assert moved.data.read_text() == "data"
    assert last_whole(moved.checkpoints) == (moved.checkpoints / "checkpoint-3", ())
    assert [path.name for path in moved.checkpoints.iterdir()] == ["checkpoint-3"]
    assert luggage.here(f"{there / 'start'} is torn", there) == f"{start} is torn"

    written(moved.target / "adapter" / "base.json", json.dumps({"folder": str(there / "base"), "sha256": "1"}))
    written(job.target.with_name("policy_best") / "left", "by an earlier attempt")
    luggage.bring_policies(read_files(there, ["policy", "policy_best"]), there)

    assert json.loads((job.target / "adapter" / "base.json").read_text()) == json.loads(recorded.read_text())
    assert not job.target.with_name("policy_best").exists()


def test_a_checkpoint_comes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    written(tmp_path / "data.npz")
    job = Job(
        start=written(tmp_path / "start" / "config.json").parent,
        data=tmp_path / "data.npz",
        parameters=FineTuning(max_steps=1),
        checkpoints=tmp_path / "checkpoints",
        target=tmp_path / "policy",
    )
    there = tmp_path / "there"
    mark_whole(written(there / "checkpoints" / "checkpoint-3" / "model", "whole").parent)
    written(there / "checkpoints" / "checkpoint-7" / "model", "half")
    luggage = Luggage(job)
    for name in ("checkpoint-3", "checkpoint-7", "checkpoint-11"):
        luggage.bring_checkpoint(name, read_files(there, [f"checkpoints/{name}"]))
    assert last_whole(job.checkpoints) == (job.checkpoints / "checkpoint-3", ())
    assert [path.name for path in job.checkpoints.iterdir()] == ["checkpoint-3"]
