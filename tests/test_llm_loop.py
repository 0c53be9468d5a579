"""The loop with a language model as teacher, through `kedro`, against a server that fails, is killed over, and answers.

One project lives through all of it: a refused key, a SIGKILL among the corrections, and the run that finishes.
"""

import json
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from loop_project import Finished, LoopProject

CANARIES = {
    "credentials.yml": "sk-canary-in-the-file-0123456789",
    "environment": "sk-canary-in-the-environment-0123456789",
}
KILLED_AFTER_2 = """
import os, signal
from itertools import count
from leap_kedro.datasets.store import GrowingStoreDataset

save, saved = GrowingStoreDataset.save, count(1)
def save_some(self, data):
    save(self, data)
    if self._path.name == "corrections.jsonl" and next(saved) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
GrowingStoreDataset.save = save_some

from kedro.framework.cli import main
main()
"""
PROMPTS = {"alfworld/hidden", "alfworld/privilege_50", "alfworld/teacher_episode"}


@dataclass
class Story:
    """What happened to the project."""

    project: LoopProject
    server: FakeServer
    outputs: list[Finished] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    cached_before: list[str] = field(default_factory=list)

    def run(self, *command: str, **how: str) -> Finished:
        done = self.project.kedro(*command, **how)
        self.outputs.append(done)
        self.calls.append(len(self.server.calls))
        return done


def teach(call: Call) -> Reply:
    """Another action at the first step of the episode that is asked about."""
    line = next(line for line in call.prompt.splitlines() if line.startswith('{"step": 1,'))
    step = json.loads(line)
    action = next(action for action in step["admissible"] if action != step["action"])
    advice = {"step": 1, "verdict": "correct", "reason": "I look around first.", "action": action}
    return says(json.dumps({"corrections": [advice]}), delay=0.05)


@pytest.fixture(scope="module")
def story(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    project = LoopProject(tmp_path_factory.mktemp("llm") / "project", tiny_base)
    (project.folder / "conf/local/credentials.yml").write_text(f"openai: {{api_key: {CANARIES['credentials.yml']}}}\n")
    key_is_known = Event()

    def script(call: Call) -> Reply:
        if not key_is_known.is_set():
            return fails(401, f"Incorrect API key: {call.headers['authorization']}")
        return teach(call)

    with pytest.MonkeyPatch.context() as patch, FakeServer(script) as server:
        patch.setenv("OPENAI_API_KEY", CANARIES["environment"])
        story = Story(project, server)
        parameters = {
            "kind": "llm",
            "model.base_url": server.base_url,
            "model.model": "fake",
            "model.concurrency": "2",
            "traced_episodes": "2",
        }
        given = ",".join(
            [project.parameters, *(f"correction.teacher.{name}={value}" for name, value in parameters.items())]
        )
        command = ("leap", "run", "--env=test", "--iterations=1", f"--params={given}")
        story.run(*command)
        key_is_known.set()
        story.run("run", "--env=test", f"--params={given}", script=KILLED_AFTER_2)
        story.cached_before = [
            json.loads(path.read_text())["asked"]["messages"][-1]["content"]
            for path in sorted((project.folder / "data/09_cache").rglob("*.json"))
        ]
        story.run(*command)
        yield story


def test_a_refused_key_stops_the_run_in_a_sentence(story: Story) -> None:
    refused = story.outputs[0]
    assert refused.returncode == 1
    assert "the key is missing or wrong" in refused.stderr
    assert "conf/local/credentials.yml" in refused.stderr
    assert "Traceback" not in refused.stderr
    keys = {call.headers["authorization"] for call in story.server.calls}
    assert keys == {f"Bearer {CANARIES['credentials.yml']}"}


def test_killed_among_the_corrections_no_answered_call_is_repeated(story: Story) -> None:
    assert story.outputs[1].returncode == -signal.SIGKILL
    after_kill = Counter(call.prompt for call in story.server.calls[story.calls[1] :])
    assert len(story.cached_before) >= 2
    assert not after_kill.keys() & set(story.cached_before)
    assert len(after_kill) == after_kill.total() == 6 - len(story.cached_before)


def test_it_runs_through(story: Story) -> None:
    finished = story.outputs[2]
    assert finished.returncode == 0, finished.stdout + finished.stderr
    corrections = story.project.read("03_corrections/default/iter_1/corrections.jsonl")
    assert len(corrections) == 6
    for corrected in corrections:
        first, *others = corrected["corrections"]
        assert (first["teacher"], first["verdict"], first["rejection"]) == ("llm-50-fake", "correct", None)
        assert {said["verdict"] for said in others} <= {"keep"}
    assert sorted(len(corrected["exchanges"]) for corrected in corrections) == [0, 0, 0, 0, 1, 1]


def test_the_manifest_names_the_prompts(story: Story) -> None:
    manifest = story.project.read("00_experiments/default/iter_1/manifest.json")
    assert manifest["prompts"].keys() == PROMPTS  # type: ignore[attr-defined,call-overload]
    assert story.project.read("03_corrections/default/iter_1/prompts.json").keys() == PROMPTS  # type: ignore[attr-defined]


def test_mlflow_has_prompts_calls_and_traces(story: Story) -> None:
    with sqlite3.connect(story.project.folder / "mlflow.db") as database:
        prompts = {
            name for (name,) in database.execute("select name from registered_models where name like 'leap_prompt%'")
        }
        metrics = dict(database.execute("select key, value from metrics where key like 'teaching/teacher/%'"))
        teachers = database.execute("select value from trace_tags where key = 'leap.teacher'").fetchall()
    assert prompts == {f"leap_prompt.{name.replace('/', '.')}" for name in PROMPTS}
    assert metrics["teaching/teacher/calls"] + metrics["teaching/teacher/cached"] == 6
    assert metrics["teaching/teacher/faults/unreadable"] == 0
    assert teachers == [("llm-50-fake",)] * 2, story.outputs[2].stderr


@pytest.mark.parametrize("place", CANARIES)
def test_the_key_is_written_nowhere(story: Story, place: str) -> None:
    canary = CANARIES[place].encode()
    own = story.project.folder / "conf/local/credentials.yml"
    files = [path for path in story.project.folder.rglob("*") if path.is_file() and path != own]
    assert any(path.name == "mlflow.db" for path in files)
    assert [path for path in files if canary in path.read_bytes()] == []
    for done in story.outputs:
        assert canary.decode() not in done.stdout + done.stderr
    assert re.search(r"\[key\]", story.outputs[0].stderr)
