"""The loop with a language model as teacher, through `kedro`, against a server that fails, is killed over, and answers.

One project lives through all of it: a refused key, a SIGKILL among the corrections, and the run that finishes.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from loop_project import LoopProject

pytestmark = pytest.mark.slow

CANARIES = {
    "credentials.yml": "sk-canary-in-the-file-0123456789",
    "environment": "sk-canary-in-the-environment-0123456789",
}
PROMPTS = {"alfworld/hidden", "alfworld/privilege_50", "alfworld/teacher_episode"}


@dataclass
class Story:
    """What happened to the project: what was printed, and the calls that the server had by then."""

    project: LoopProject
    server: FakeServer
    outputs: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    cached_before: list[str] = field(default_factory=list)

    def note(self, output: str) -> None:
        self.outputs.append(output)
        self.calls.append(len(self.server.calls))


def teach(call: Call) -> Reply:
    """Another action at the first step of the episode that is asked about."""
    line = next(line for line in call.prompt.splitlines() if line.startswith('{"step": 1,'))
    step = json.loads(line)
    action = next(action for action in step["admissible"] if action != step["action"])
    advice = {"step": 1, "verdict": "correct", "reason": "I look around first.", "action": action}
    return says(json.dumps({"corrections": [advice]}), delay=0.05)


@pytest.fixture(scope="module")
def story(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    project = finished_project.copy(tmp_path_factory.mktemp("llm") / "project")
    (project.folder / "conf/local/credentials.yml").write_text(f"openai: {{api_key: {CANARIES['credentials.yml']}}}\n")
    key_is_known, answers_are_held = Event(), Event()

    def script(call: Call) -> Reply:
        if not key_is_known.is_set():
            return fails(401, f"Incorrect API key: {call.headers['authorization']}")
        return replace(teach(call), delay=600.0 if answers_are_held.is_set() and call.number > held_after else 0.05)

    with pytest.MonkeyPatch.context() as patch, FakeServer(script) as server:
        patch.setenv("OPENAI_API_KEY", CANARIES["environment"])
        story = Story(project, server)
        given = project.given(
            "experiment=taught",
            "correction.teacher.kind=llm",
            "correction.teacher.traced_episodes=2",
            f"server.base_url={server.base_url}",
            "correction.teacher.model=fake",
            "server.concurrency=2",
        )
        story.note(project.call("leap", "run", *given).output)
        key_is_known.set()
        answers_are_held.set()
        held_after = len(server.calls) + 2
        partial = project.folder / "data/03_corrections/taught/iter_1/corrections.jsonl.partial"
        killed = project.kill(lambda: partial.is_file() and partial.read_bytes().count(b"\n") >= 2, "run", *given)
        story.note(killed.stdout)
        answers_are_held.clear()
        cache = sorted((project.folder / "data/09_cache").rglob("*.json"))
        story.cached_before = [json.loads(path.read_text())["asked"]["messages"][-1]["content"] for path in cache]
        story.note(project.call("leap", "run", *given).output)
        yield story


def test_a_refused_key_stops_the_run_in_a_sentence(story: Story) -> None:
    refused = story.outputs[0]
    assert "conf/local/credentials.yml" in refused
    assert "Traceback" not in refused
    keys = {call.headers["authorization"] for call in story.server.calls}
    assert keys == {f"Bearer {CANARIES['credentials.yml']}"}


def test_killed_among_the_corrections_no_answered_call_is_repeated(story: Story) -> None:
    after_kill = Counter(call.prompt for call in story.server.calls[story.calls[1] :])
    assert len(story.cached_before) >= 2
    assert not after_kill.keys() & set(story.cached_before)
    assert len(after_kill) == after_kill.total() == 6 - len(story.cached_before)


def test_it_runs_through(story: Story) -> None:
    assert story.project.read("00_experiments/taught/iter_1/manifest.json"), story.outputs[2]
    corrections = story.project.read("03_corrections/taught/iter_1/corrections.jsonl")
    assert len(corrections) == 6
    for corrected in corrections:
        first, *others = corrected["corrections"]
        assert (first["teacher"], first["verdict"], first["rejection"]) == ("llm-50-fake", "correct", None)
        assert {said["verdict"] for said in others} <= {"keep"}
    assert sorted(len(corrected["exchanges"]) for corrected in corrections) == [0, 0, 0, 0, 1, 1]


def test_the_manifest_vouches_for_the_prompts(story: Story) -> None:
    manifest = story.project.read("00_experiments/taught/iter_1/manifest.json")
    assert "prompts_used" in manifest["data"]  # type: ignore[call-overload]
    assert story.project.read("03_corrections/taught/iter_1/prompts_used.json").keys() == PROMPTS  # type: ignore[attr-defined]


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
    assert teachers == [("llm-50-fake",)] * 2, story.outputs[2]


@pytest.mark.parametrize("place", CANARIES)
def test_the_key_is_written_nowhere(story: Story, place: str) -> None:
    canary = CANARIES[place].encode()
    own = story.project.folder / "conf/local/credentials.yml"
    files = [path for path in story.project.folder.rglob("*") if path.is_file() and path != own]
    assert any(path.name == "mlflow.db" for path in files)
    assert [path for path in files if canary in path.read_bytes()] == []
    for done in story.outputs:
        assert canary.decode() not in done
    assert re.search(r"\[key\]", story.outputs[0])
