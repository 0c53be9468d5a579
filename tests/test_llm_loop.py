"""The loop with a language model as teacher, through `kedro`, against a server that fails, is killed over, and answers.

The server stands in for a strong model: it answers as the oracle teacher does, and refuses each third call for the rate
limit. One project lives through all of it: a refused key, a SIGKILL among the corrections, a budget that is spent, and
the run that finishes. Its policy has to be the one that the oracle itself teaches.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails
from language_models.oracle_server import MODEL, WAIT, OracleScript, tokens_of
from loop_project import LoopProject

from leap_kedro.language_models import client

pytestmark = pytest.mark.slow

CANARIES = {
    "credentials.yml": "sk-canary-in-the-file-0123456789",
    "environment": "sk-canary-in-the-environment-0123456789",
}
PROMPT_PRICE, REPLY_PRICE = 2.0, 10.0  # dollars per million tokens
PROMPTS = {"alfworld/hidden", "alfworld/privilege_50", "alfworld/teacher_episode"}


@dataclass
class Story:
    """What happened to the project: what was printed, and the calls that the server had by then."""

    project: LoopProject
    server: FakeServer
    outputs: list[str] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    cached_before: list[str] = field(default_factory=list)
    answered: list[tuple[Call, str]] = field(default_factory=list)

    def note(self, output: str) -> None:
        self.outputs.append(output)
        self.calls.append(len(self.server.calls))


@pytest.fixture(scope="module")
def story(finished_project: LoopProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    project = finished_project.copy(tmp_path_factory.mktemp("llm") / "project")
    (project.folder / "conf/local/credentials.yml").write_text(f"openai: {{api_key: {CANARIES['credentials.yml']}}}\n")
    key_is_known, answers_are_held = Event(), Event()

    answers = OracleScript(project.folder / "data/02_episodes/taught/iter_1/rollouts.jsonl", refused=3)
    prices = project.folder / "conf/base/prices.yml"
    prices.write_text(f"{prices.read_text()}{MODEL}: {{prompt: {PROMPT_PRICE}, completion: {REPLY_PRICE}}}\n")

    def script(call: Call) -> Reply:
        if not key_is_known.is_set():
            return fails(401, f"Incorrect API key: {call.headers['authorization']}")
        reply = answers(call)
        held = answers_are_held.is_set() and len(story.answered) == 2
        if reply.status == 200 and not held:
            story.answered.append((call, json.loads(reply.body)["choices"][0]["message"]["content"]))
        return replace(reply, delay=600.0 if held else 0.05)

    with pytest.MonkeyPatch.context() as patch, FakeServer(script) as server:
        patch.setenv("OPENAI_API_KEY", CANARIES["environment"])
        patch.setattr(client, "FIRST_WAIT", 0.01)
        story = Story(project, server)
        given = (
            "experiment=taught",
            "correction.teacher.kind=llm",
            "correction.teacher.traced_episodes=2",
            f"server.base_url={server.base_url}",
            f"correction.teacher.model={MODEL}",
            "server.concurrency=2",
        )
        story.note(project.call("leap", "run", *project.given(*given)).output)
        key_is_known.set()
        answers_are_held.set()
        partial = project.folder / "data/03_corrections/taught/iter_1/corrections.jsonl.partial"
        killed = project.kill(
            lambda: partial.is_file() and partial.read_bytes().count(b"\n") >= 2, "run", *project.given(*given)
        )
        story.note(killed.stdout)
        answers_are_held.clear()
        cache = sorted((project.folder / "data/09_cache").rglob("*.json"))
        story.cached_before = [json.loads(path.read_text())["asked"]["messages"][-1]["content"] for path in cache]
        story.note(project.call("leap", "run", *project.given(*given, "server.budget.calls=2")).output)
        story.note(project.call("leap", "run", *project.given(*given)).output)
        yield story


def test_a_refused_key_stops_the_run_in_a_sentence(story: Story) -> None:
    refused = story.outputs[0]
    assert "conf/local/credentials.yml" in refused
    assert "Traceback" not in refused
    keys = {call.headers["authorization"] for call in story.server.calls}
    assert keys == {f"Bearer {CANARIES['credentials.yml']}"}


def test_no_answered_call_is_repeated(story: Story) -> None:
    assert len(story.cached_before) >= 2
    after_kill = Counter(call.prompt for call, _ in story.answered if call.number >= story.calls[1])
    assert not after_kill.keys() & set(story.cached_before)
    assert len(after_kill) == after_kill.total() == 6 - len(story.cached_before)


def test_a_spent_budget_stops_the_run_in_a_sentence(story: Story) -> None:
    stopped = " ".join(story.outputs[2].split())
    assert f"The budget of 2 calls to '{MODEL}' is spent (`budget.calls`). Raise the budget" in stopped
    assert "Traceback" not in stopped
    paid = [call for call, _ in story.answered if story.calls[1] <= call.number < story.calls[2]]
    assert len(paid) == 2


def test_a_rate_limit_is_waited_for(story: Story) -> None:
    answered = {call.number for call, _ in story.answered}
    since_kill = [call for call in story.server.calls if call.number >= story.calls[1]]
    refused = [call for call in since_kill if call.number not in answered]
    assert refused
    for call in refused:
        again = next(later for later in since_kill if later.number > call.number and later.prompt == call.prompt)
        assert again.time - call.time >= WAIT


def test_the_stand_in_teaches_what_the_oracle_teaches(story: Story) -> None:
    assert story.project.read("00_experiments/taught/iter_1/manifest.json"), story.outputs[3]
    taught, oracles = (
        {
            corrected["episode"]: corrected
            for corrected in story.project.read(f"03_corrections/{name}/iter_1/corrections.jsonl")
        }
        for name in ("taught", "default")
    )
    assert len(taught) == len(oracles) == 6
    for episode, corrected in taught.items():
        assert [_said(one) for one in corrected["corrections"]] == [
            _said(one) for one in oracles[episode]["corrections"]
        ]
        assert {one["teacher"] for one in corrected["corrections"]} == {f"llm-50-{MODEL}"}
    data = story.project.folder / "data"
    for path in ("04_training/{}/iter_1/examples.jsonl", "05_policies/{}/iter_1/policy/model.safetensors"):
        assert (data / path.format("taught")).read_bytes() == (data / path.format("default")).read_bytes()


def _said(correction: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(correction[name] for name in ("step", "verdict", "reason", "action", "leaked", "rejection"))


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
    assert metrics["teaching/teacher/faults/unreadable"] == 0
    assert teachers == [(f"llm-50-{MODEL}",)] * 2, story.outputs[3]


def test_mlflow_has_what_the_calls_cost(story: Story) -> None:
    with sqlite3.connect(story.project.folder / "mlflow.db") as database:
        metrics = dict(database.execute("select key, value from metrics where key like 'teaching/teacher/%'"))
    tokens = [tokens_of(call, text) for call, text in story.answered]
    read, written = (sum(counts) for counts in zip(*tokens, strict=True))
    assert metrics["teaching/teacher/calls"] == len(tokens) == 6
    assert metrics["teaching/teacher/cached"] == 0
    assert metrics["teaching/teacher/prompt_tokens"] == read
    assert metrics["teaching/teacher/reply_tokens"] == written
    assert metrics["teaching/teacher/dollars"] == pytest.approx((read * PROMPT_PRICE + written * REPLY_PRICE) / 1e6)


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
