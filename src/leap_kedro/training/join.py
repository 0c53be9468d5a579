"""Starts this machine's processes of a training: `python -m leap_kedro.training.join JOB.json --node-rank=R`.

`launch.train` runs it on the first machine. The user runs it on each other machine, with the job file that the first
machine has written (``job.json`` in the training's workspace, which all machines share). It uses torchrun, or
`accelerate launch` if an accelerate configuration file is given.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from leap_kedro.training.failures import failure, stderr_folder
from leap_kedro.training.parameters import FineTuning, Job

MODULE = "leap_kedro.training"

JOB = "job.json"
"""Name of the job file, in the training's workspace."""


def main() -> None:
    """Runs the processes of the machine given on the command line; exits with 1 if one of them fails."""
    parser = argparse.ArgumentParser(prog="python -m leap_kedro.training.join", description=__doc__.splitlines()[0])
    parser.add_argument("job", type=Path, help="job.json of the training's workspace")
    parser.add_argument("--node-rank", type=int, required=True, help="number of this machine, from 1")
    parser.add_argument("--for-caller", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    parameters = Job.model_validate_json(given.job.read_text()).parameters
    os.environ.update(environment(parameters))
    if given.for_caller:
        threading.Thread(target=end_with, args=(os.dup(0),), daemon=True).start()
    # The processes end with their stdin. This machine's stdin may be a terminal or closed, so they get an open pipe.
    os.dup2(os.pipe()[0], 0)
    codes, unmet = _started(given.job, parameters, given.node_rank)
    if given.for_caller:
        print(json.dumps({"failed": codes, "unmet": unmet}), flush=True)  # noqa: T201
    elif unmet or codes:
        unmet = f"{unmet}. {how_to_join(given.job)}" if unmet else ""
        print(unmet or failure(stderr_folder(given.job.parent), codes, parameters.world_size), file=sys.stderr)  # noqa: T201
    else:
        print(f"The {parameters.processes} process(es) of this machine have finished.")  # noqa: T201
    # As in the training process: threads of torch can abort a normal exit.
    os._exit(1 if codes or unmet else 0)


def processes(job: Path, parameters: FineTuning, node_rank: int, errors: IO[str]) -> "subprocess.Popen[str]":
    """Starts a machine's processes of a training; they end when the returned child's stdin is closed.

    Args:
        job: The job file.
        parameters: Those of the job.
        node_rank: Number of the machine.
        errors: File for the stderr of the launcher.
    """
    alone = parameters.world_size == 1 and parameters.accelerate is None
    module = [MODULE, str(job)] if alone else [f"{MODULE}.join", str(job), f"--node-rank={node_rank}", "--for-caller"]
    return subprocess.Popen(
        [sys.executable, "-m", *module],
        stdin=subprocess.PIPE,  # never written to: the child ends when it is closed
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, **environment(parameters)},
    )


def environment(parameters: FineTuning) -> Mapping[str, str]:
    """Additional environment variables of a training process."""
    values = {
        # A waiting thread must not spin for long: it would delay the others when another program needs the core.
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "3000"),
        "OMP_NUM_THREADS": str(parameters.threads),
        "TOKENIZERS_PARALLELISM": "false",
    }
    if parameters.world_size == 1:
        # The trainer would spread one process over all visible GPUs in threads, which does not work with packed rows.
        values["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    return values


def end_with(stdin: int) -> None:
    """Ends this process when the stream, to which nothing is written, is closed at its other end."""
    # Not sys.stdin: a waiting thread would hold its lock when the interpreter shuts down.
    while os.read(stdin, 1):
        pass
    os._exit(1)


def _started(job: Path, parameters: FineTuning, node_rank: int) -> tuple[dict[int, int], str]:
    """Exit codes of the failed processes, by rank, and the reason if the machines did not meet."""
    from torch.distributed import DistError
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError

    try:
        if parameters.accelerate:
            from accelerate.commands.launch import launch_command, launch_command_parser

            launch_command(launch_command_parser().parse_args(_accelerate_arguments(job, parameters, node_rank)))
        else:
            from torch.distributed import run

            run.run(run.parse_args(_torchrun_arguments(job, parameters, node_rank)))  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        return {rank: each.exitcode for rank, each in error.failures.items()}, ""
    except (DistError, RendezvousError, TimeoutError) as error:
        meeting = parameters.rendezvous.endpoint if parameters.rendezvous else "this machine"
        return {}, (
            f"the {parameters.nodes} machines did not meet at {meeting} within {parameters.timeout} s "
            f"({str(error).splitlines()[0]})"
        )
    return {}, ""


def how_to_join(job: Path) -> str:
    """What the user does on the other machines of a training."""
    return (
        f"On each other machine, numbered R = 1 and up, run:\n  python -m leap_kedro.training.join {job} --node-rank=R"
    )


def _torchrun_arguments(job: Path, parameters: FineTuning, node_rank: int) -> list[str]:
    where = ["--standalone"]
    if meeting := parameters.rendezvous:
        where = [
            f"--nnodes={parameters.nodes}",
            f"--node-rank={node_rank}",
            "--rdzv-backend=static",  # with other backends, the process that reports may be on another machine
            f"--rdzv-endpoint={meeting.endpoint}",
            f"--rdzv-id={meeting.id}",
            f"--rdzv-conf=timeout={parameters.timeout}",
        ]
    return [*where, f"--nproc-per-node={parameters.processes}", "--module", MODULE, str(job)]


def _accelerate_arguments(job: Path, parameters: FineTuning, node_rank: int) -> list[str]:
    meeting = parameters.rendezvous
    host, _, port = meeting.endpoint.partition(":") if meeting else ("", "", "0")  # 0: any free port
    return [
        f"--config_file={parameters.accelerate}",
        f"--num_processes={parameters.world_size}",
        f"--num_machines={parameters.nodes}",
        f"--machine_rank={node_rank}",
        f"--main_process_port={port}",
        *([f"--main_process_ip={host}", "--rdzv_backend=static"] if meeting else []),
        f"--num_cpu_threads_per_process={parameters.threads}",
        "--module",
        MODULE,
        str(job),
    ]


if __name__ == "__main__":
    main()
