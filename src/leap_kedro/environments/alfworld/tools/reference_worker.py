"""The child process of `reference`: plays games with TextWorld and answers on its standard output.

Each line of standard input is a JSON object: ``{"game": <content of a game.tw-pddl>}`` starts a game, and
``{"command": ...}`` continues it. Each answer is one line, ``{"observation", "admissible", "score", "done"}`` or
``{"error"}``. The process ends with its standard input or its parent.

The official packages overwrite ``sys.argv``, replace ``sys.stdout`` and print from C code; their output goes to
standard error. `policy_commands` and walkthroughs are not requested, because both start a planner that may run for
minutes.
"""

import json
import os
import threading
import time
from typing import Any, TextIO


def main() -> None:
    """Serve until standard input ends."""
    parent = os.getppid()
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    requests = os.fdopen(os.dup(0), "r")
    os.dup2(2, 1)
    _serve(requests, answers)


def _serve(requests: TextIO, answers: TextIO) -> None:
    environment: Any = None
    for line in requests:
        request = json.loads(line)
        try:
            if "game" in request:
                environment = _environment()
                environment.load(request["game"])
                answer = _answer(environment.reset())
            else:
                answer = _answer(environment.step(request["command"])[0])
        except Exception as error:  # all errors of the packages are reported to the parent
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _environment() -> Any:
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler, AlfredInfos
    from textworld import EnvInfos
    from textworld.envs.pddl import PddlEnv

    wanted = EnvInfos(feedback=True, won=True, admissible_commands=True)
    return AlfredInfos(AlfredDemangler(PddlEnv(wanted), shuffle=False))


def _answer(state: Any) -> dict[str, Any]:
    won = bool(state["won"])
    return {"observation": state.feedback, "admissible": state["admissible_commands"], "score": float(won), "done": won}


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    main()
