"""Stands in for the program `vllm`: `serve FOLDER --host H --port P ...`, then HTTP as vLLM's server speaks it.

Every request is a line of JSON in the file that `--calls` names. `--dies` ends it with a message before it is ready,
`--never-ready` keeps it from ever being ready, `--answers N` ends it after so many replies, `--child FILE` starts
another process and writes its id there.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from language_models.fake_server import Call, FakeServer, Reply, fails, says


def main() -> None:
    arguments = parsed()
    print("Loading weights from", arguments.folder, flush=True)  # noqa: T201
    if arguments.dies:
        sys.exit("CUDA out of memory: tried to allocate 15.00 GiB")
    if arguments.child:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(arguments.child).write_text(str(child.pid))
    with FakeServer(script(arguments), arguments.port):
        threading.Event().wait()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("serve", choices=["serve"])
    parser.add_argument("folder")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--generation-config", choices=["vllm"], required=True)
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--max-lora-rank", type=int, choices=[8, 16, 32, 64, 128])
    parser.add_argument("--chat-template", type=Path)
    parser.add_argument("--calls", default=os.devnull)
    parser.add_argument("--dies", action="store_true")
    parser.add_argument("--never-ready", action="store_true")
    parser.add_argument("--answers", type=int)
    parser.add_argument("--child")
    return parser.parse_args()


def script(arguments: argparse.Namespace) -> Callable[[Call], Reply]:
    adapters: dict[str, str] = {}
    replies = []

    def load(body: dict[str, str]) -> Reply:
        allowed = arguments.enable_lora and os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == "True"
        config = Path(body["lora_path"]) / "adapter_config.json"
        if not allowed or json.loads(config.read_text())["r"] > arguments.max_lora_rank:
            return fails(400, "LoRA rank or updating is not allowed")
        adapters[body["lora_name"]] = body["lora_path"]
        return Reply(b"Success: LoRA adapter added successfully.")

    def unload(body: dict[str, str]) -> Reply:
        del adapters[body["lora_name"]]
        return Reply(b"Success: LoRA adapter removed successfully.")

    def complete(body: dict[str, str]) -> Reply:
        if body["model"] not in {arguments.folder, *adapters}:
            return fails(404, f"The model `{body['model']}` does not exist.")
        if len(replies) == arguments.answers:
            os._exit(3)
        replies.append(body)
        return says("REASON: I look around.\nACTION: look")

    def answer(call: Call) -> Reply:
        with open(arguments.calls, "a") as file:
            given = {"template": arguments.chat_template.read_text()} if arguments.chat_template else {}
            file.write(json.dumps({"path": call.path, "body": {**call.body, **given}}) + "\n")
        match call.path:
            case "/health":
                return fails(503, "starting") if arguments.never_ready else Reply(b"")
            case "/v1/models":
                cards = [{"id": arguments.folder, "root": arguments.folder, "parent": None}]
                cards += [{"id": name, "root": path, "parent": arguments.folder} for name, path in adapters.items()]
                return Reply(json.dumps({"object": "list", "data": cards}).encode())
            case "/v1/load_lora_adapter":
                return load(call.body)
            case "/v1/unload_lora_adapter":
                return unload(call.body)
        return complete(call.body)

    return answer


if __name__ == "__main__":
    main()
