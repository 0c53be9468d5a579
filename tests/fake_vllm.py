"""A program in the place of vLLM, for what needs no model: it says one action and writes down what it is asked.

    python tests/fake_vllm.py FOLDER serve WEIGHTS --host HOST --port PORT ...

Each server has a file FOLDER/PID.jsonl. While there is a file FOLDER/refuse, servers fail to start; while there is one
FOLDER/hold, chats are not answered.
"""

import json
import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from language_models.fake_server import Call, FakeServer, Reply, says

DELAY = 0.02
"""Seconds of an answer."""


def command(folder: Path) -> str:
    """What starts a server, as `serving.command`."""
    return f"{sys.executable} {__file__} {folder}"


def asked(folder: Path) -> dict[int, list[dict[str, Any]]]:
    """What each server was asked: process -> path and body of each call."""
    lines = {int(file.stem): file.read_text().splitlines() for file in folder.glob("*.jsonl")}
    return {process: list(map(json.loads, calls)) for process, calls in lines.items()}


def answered(folder: Path) -> int:
    """Number of chats that have been answered."""
    return sum(len(conversations(calls)) for calls in asked(folder).values())


def conversations(calls: list[dict[str, Any]]) -> list[str]:
    """The opening of each conversation that was answered, once per answer."""
    chats = [call["body"]["messages"] for call in calls if call["path"] == "/v1/chat/completions"]
    return [next(message["content"] for message in chat if message["role"] == "user") for chat in chats]


def main(folder: Path, words: list[str]) -> None:
    """Serve until the process is ended."""
    if (folder / "refuse").exists():
        sys.exit("torch.OutOfMemoryError: tried to allocate 15.00 GiB")
    given = dict(pairwise(words))
    weights, log = given["serve"], folder / f"{os.getpid()}.jsonl"

    def answer(call: Call) -> Reply:
        with log.open("a") as file:
            file.write(json.dumps({"path": call.path, "body": call.body}) + "\n")
        if call.path == "/v1/models":
            card = {"id": given.get("--served-model-name", weights), "root": weights}
            return Reply(json.dumps({"data": [card]}).encode())
        while (folder / "hold").exists():
            time.sleep(DELAY)
        return says("ACTION: look", delay=DELAY)

    log.touch()
    with FakeServer(answer, int(given["--port"]), given["--host"]):
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
