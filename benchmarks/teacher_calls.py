"""How close calls to a language model come to the time that the server alone needs.

A fake server in a process of its own takes 100 ms a call; 320 calls, 32 at once, need 1.0 s at least. Each answer is
written to a cache, as in a run.

    python benchmarks/teacher_calls.py
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from leap_kedro.language_models import Access, LanguageModel, Message, ModelParameters, Request, Role, in_order

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from language_models.fake_server import Call, FakeServer, Reply, says

CALLS = 320
CONCURRENCY = 32
SECONDS = 0.1
ROUNDS = 5


def _answer(call: Call) -> Reply:
    return says('{"corrections": []}', delay=SECONDS)


def _serve(send: Callable[[str], None], stopped: Callable[[], object]) -> None:
    with FakeServer(_answer) as server:
        send(server.base_url)
        stopped()


def _requests(count: int, name: str) -> list[Request]:
    episode = "You are in the middle of a room. " * 200  # 6.6 kB, as long as an episode of 20 steps
    return [
        Request((Message(Role.USER, f"{name} {number}. {episode}"),), {"type": "object"}) for number in range(count)
    ]


def main() -> None:
    """Print the time of each round beside the ideal one."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there.send, there.recv))
    process.start()
    cache = TemporaryDirectory()
    access = Access(cache=Path(cache.name))
    model = LanguageModel(ModelParameters(base_url=here.recv(), model="fake", concurrency=CONCURRENCY), access)
    in_order(model.complete, _requests(1, "import"), 1)
    ideal = CALLS / CONCURRENCY * SECONDS
    ratios = []
    for round_number in range(ROUNDS):
        began, cpu_began = time.perf_counter(), time.process_time()
        in_order(model.complete, _requests(CALLS, f"round {round_number}"), CONCURRENCY)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        ratios.append(wall / ideal)
        print(
            f"{CALLS} calls of {SECONDS * 1000:.0f} ms, {CONCURRENCY} at once: {wall:.2f} s, ideal {ideal:.2f} s, "
            f"ratio {wall / ideal:.2f}, client CPU {cpu:.2f} s"
        )
    print(f"Median ratio {median(ratios):.2f}, at most 1.25 wanted")
    here.send("stop")
    process.join()
    cache.cleanup()


if __name__ == "__main__":
    main()
