"""Decisions and tokens per second of a real language model on the CPU: our engine, vLLM, llama.cpp, in one run.

    python -m leap_kedro.policies.smollm2 && make vllm
    python benchmarks/servers.py [--policy FOLDER] [--games N] [--slots N] [--rounds N]

SmolLM2-135M-Instruct (or the policy in FOLDER, without llama.cpp) plays the first actions of the same generated
ALFWorld games, greedily, with replies held to the admissible actions. Each uses all cores: our engine in one process
per core, the servers with one thread per core. vLLM serves the same folder in the same number format; llama.cpp serves
the 4-bit file from which the folder was made. They take turns. Loading the model is in the time of our engine; starting
a server is not in that of the others. Replies differ where the base does not write the form of a reply: held by a
server, it must write it. So compare tokens per second for the base, and decisions per second for a trained policy.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, Price, ServerParameters
from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters, serve
from leap_kedro.policies.smollm2 import FOLDER, find_weights
from leap_kedro.records import Task

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
REPLY_TOKENS = 48
CORES = os.cpu_count() or 1
VLLM = Path(__file__).parents[1] / ".venv-vllm/bin/python"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round of play took."""

    seconds: float
    decisions: int
    tokens: int


@contextmanager
def by_vllm(folder: Path, slots: int) -> Iterator[RemotePolicy]:
    """The folder behind vLLM's CPU build."""
    arguments = ("--max-model-len", "4096", "--max-num-seqs", str(slots))
    server = ServingParameters(
        command=f"{VLLM} -m vllm.entrypoints.openai.api_server", arguments=arguments, concurrency=slots
    )
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")
    with serve(SavedPolicy("vllm", 0, folder), server, SPEC.name, REPLY_TOKENS) as served:
        yield served


@contextmanager
def by_llama_cpp(slots: int) -> Iterator[RemotePolicy]:
    """The 4-bit file behind llama.cpp's server, which runs in threads of this process."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(find_weights())
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = CORES
    parameters.n_ctx = slots * 4096
    parameters.n_parallel = slots
    parameters.port = 0
    parameters.verbosity = 1
    server = xllamacpp.Server(parameters)
    how = ServerParameters(base_url=f"{server.listening_address}/v1", concurrency=slots, max_tokens=REPLY_TOKENS)
    access = Access(prices={"smollm2": Price(prompt=0.0, completion=0.0)})
    yield RemotePolicy(id="llama.cpp", name="smollm2", server=how, access=access, trained=True)


def measured(policy: SavedPolicy | RemotePolicy, tasks: list[Task], parameters: PlayParameters) -> Measured:
    """Plays the tasks once."""
    start = time.perf_counter()
    episodes = list(play(policy, SPEC, tasks, parameters, 0.0, 0, 0, policy.id))
    seconds = time.perf_counter() - start
    if broken := next((each.error for each in episodes if each.error), ""):
        raise SystemExit(f"{policy.id}: {broken}")
    steps = [step for each in episodes for step in each.steps]
    return Measured(seconds, len(steps), sum(step.reply_tokens for step in steps))


def main() -> None:
    """Runs them in turn and prints the medians."""
    parser = argparse.ArgumentParser(description="Our engine, vLLM and llama.cpp on the same games.")
    parser.add_argument("--policy", type=Path, help="a policy's folder (default: SmolLM2, with llama.cpp)")
    parser.add_argument("--games", type=int, default=32)
    parser.add_argument("--actions", type=int, default=8, help="at most, in each game (default: 8)")
    parser.add_argument("--slots", type=int, default=32, help="games at once (default: 32)")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = given.policy or FOLDER
    tasks = make_benchmark(SPEC).tasks("valid_unseen", given.games, 0)
    parameters = PlayParameters(
        max_actions=given.actions,
        hold_to_admissible=True,
        max_reply_tokens=REPLY_TOKENS,
        processes=CORES,
        slots=max(1, given.slots // CORES),
    )
    ways: dict[str, Callable[[], AbstractContextManager[SavedPolicy | RemotePolicy]]] = {
        "engine": lambda: nullcontext(SavedPolicy("engine", 0, folder)),
        "vLLM": lambda: by_vllm(folder, given.slots),
    }
    if given.policy is None:
        ways["llama.cpp"] = lambda: by_llama_cpp(given.slots)
    found: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(given.rounds):
        for name, way in ways.items():
            with way() as policy:
                found[name].append(measured(policy, tasks, parameters))
            print(f"round {number + 1}, {name}: {found[name][-1]}", flush=True)
    print(
        f"\n{folder}, {given.games} games of {given.actions} actions, {CORES} cores, medians of {given.rounds} rounds"
    )
    print(f"{'':10} {'decisions/s':>12} {'tokens/s':>9}")
    for name, rounds in found.items():
        decisions = median(one.decisions / one.seconds for one in rounds)
        print(f"{name:10} {decisions:12.1f} {median(one.tokens / one.seconds for one in rounds):9.1f}")


if __name__ == "__main__":
    main()
