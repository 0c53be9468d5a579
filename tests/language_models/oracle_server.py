"""A stand-in for a strong language model: a server of chat completions that teaches as the oracle teacher does.

It knows nothing but the requests and the episodes that are asked about: it finds the episode of a prompt of the LLM
teacher (view `episode`, ALFWorld) among stored rollouts, and answers with the oracle's reason and action at each step
that it would change. Its answers have token counts (four characters each); some calls are refused for the rate limit.

    python tests/language_models/oracle_server.py data/02_episodes/EXPERIMENT/iter_1/rollouts.jsonl --port 8001

serves until Ctrl-C, for commands by hand; the file may appear later.
"""

import argparse
import json
import re
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from language_models.fake_server import Call, FakeServer, Reply, fails, says

from leap_kedro.datasets.records import read_records
from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.records import Episode
from leap_kedro.teachers.oracle import OracleTeacher

MODEL = "stand-in"
WAIT = 0.2
"""Seconds that a refused client is asked to wait."""
_EPISODE = re.compile(r"<episode>\n(.*)\n</episode>", re.DOTALL)


class OracleScript:
    """A script for `FakeServer`.

    Args:
        rollouts: File of the episodes that are asked about; it must exist when the first call arrives.
        privilege: Level of the oracle, per cent.
        expert: Its unprivileged expert.
        refused: Each call of this number is refused for the rate limit.
    """

    def __init__(self, rollouts: Path, privilege: int = 50, expert: str = "surfaces", refused: int = 20) -> None:
        self._rollouts = rollouts
        self._refused = refused
        self._teacher = OracleTeacher(ALFWorld(ALFWorldOptions()), expert, privilege)

    def __call__(self, call: Call) -> Reply:
        """Refuse the call, or answer it."""
        if call.number % self._refused == self._refused - 1:
            return fails(429, "Rate limit reached.", "rate_limit_exceeded", retry_after=f"{WAIT}")
        # A question that asks again ends with another message.
        asked = next((each["content"] for each in call.body["messages"] if _EPISODE.search(each["content"])), "")
        text = json.dumps({"corrections": self._corrections(asked)})
        return says(text, tokens=tokens_of(call, text))

    def _corrections(self, prompt: str) -> list[dict[str, Any]]:
        found = _EPISODE.search(prompt)
        if found is None:
            raise ValueError("the prompt has no episode")
        episode = self._episodes[_key([json.loads(line) for line in found[1].splitlines()])]
        said = self._teacher.correct(episode).corrections
        return [
            {"step": each.step + 1, "verdict": "correct", "reason": each.reason, "action": each.action}
            for each, own in zip(said, episode.steps, strict=True)
            if (each.reason, each.action) != (own.reason, own.action)
        ]

    @cached_property
    def _episodes(self) -> dict[str, Episode]:
        episodes: list[Episode] = read_records(self._rollouts, Episode)
        return {_key(_lines(episode)): episode for episode in episodes}


def tokens_of(call: Call, text: str) -> tuple[int, int]:
    """Tokens of a prompt and its answer, as this server counts them."""
    return sum(len(message["content"]) for message in call.body["messages"]) // 4, len(text) // 4


def _lines(episode: Episode) -> list[dict[str, Any]]:
    steps = [{"observation": step.observation, "action": step.action} for step in episode.steps]
    return [{"task": episode.task.goal}, *steps, {"end": {"observation": episode.final_observation}}]


def _key(lines: list[dict[str, Any]]) -> str:
    """What identifies an episode: the task, what was seen and done, and the end."""
    task, *steps, end = lines
    seen = [(step["observation"], step["action"]) for step in steps]
    return json.dumps([task["task"], seen, end["end"]["observation"]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rollouts", type=Path)
    parser.add_argument("--expert", default="surfaces", help="the oracle's unprivileged expert")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with FakeServer(OracleScript(given.rollouts, expert=given.expert), given.port) as server:
        print(f"{server.base_url}  model: {MODEL}", flush=True)  # noqa: T201 - this is a command
        threading.Event().wait()
