"""Starts a machine's share of a training's processes: `python -m leap_kedro.training.join JOB.json --node-rank=R`.

`launch.train` starts it on the first machine. On each other one a person does, with the job file that the first has
written (``job.json`` in the training's workspace); all machines see the same folders. The processes are started by
torchrun, or by `accelerate launch` where a file of its configuration is given.
"""

import argparse
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from leap_kedro.training.failures import failure
from leap_kedro.training.job import Job, stderr_folder
from leap_kedro.training.parameters import FineTuning

MODULE = "leap_kedro.training"


def main() -> None:
    """Runs the share of the machine that the command line names; exits with 1 if a process of it fails."""
    parser = argparse.ArgumentParser(prog="python -m leap_kedro.training.join", description=__doc__.splitlines()[0])
    parser.add_argument("job", type=Path, help="job.json of the training's workspace")
    parser.add_argument("--node-rank", type=int, required=True, help="number of this machine, from 1")
    parser.add_argument("--for-caller", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    parameters = Job.model_validate_json(given.job.read_text()).parameters
    os.environ.update(environment(parameters))
    if given.for_caller:
        threading.Thread(target=end_with, args=(os.dup(0),), daemon=True).start()
    _hold_stdin()
    codes, unmet = _started(given.job, parameters, given.node_rank)
    if given.for_caller:
        print(json.dumps({"failed": codes, "unmet": unmet}), flush=True)  # noqa: T201
    elif unmet or codes:
        print(unmet or failure(stderr_folder(given.job), codes, parameters.world_size), file=sys.stderr)  # noqa: T201
    else:
        print(f"The {parameters.processes} process(es) of this machine took part to the end.")  # noqa: T201
    # As in the training process: threads of torch can abort an ordinary end.
    os._exit(1 if codes or unmet else 0)


def environment(parameters: FineTuning) -> Mapping[str, str]:
    """Environment variables that a training process needs, beside those at hand."""
    # A thread that waits must not spin for long: where another program takes its core, the others wait for nothing.
    spinning = os.environ.get("GOMP_SPINCOUNT", "3000")
    values = {
        "GOMP_SPINCOUNT": spinning,
        "OMP_NUM_THREADS": str(parameters.threads),
        "TOKENIZERS_PARALLELISM": "false",
    }
    if parameters.world_size == 1:
        # The trainer would spread one process over all GPUs that it sees, in threads, which packed rows cannot take.
        values["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    return values


def end_with(stdin: int) -> None:
    """Ends this process when a stream that nothing is written to ends, that is, with who holds its other end."""
    # Not sys.stdin: a thread that waits in it would hold its lock when the interpreter ends.
    while os.read(stdin, 1):
        pass
    os._exit(1)


def _hold_stdin() -> None:
    """Gives the processes a stdin that lasts as long as this one, whose own may be a terminal or nothing."""
    read, _ = os.pipe()
    os.dup2(read, 0)


def _started(job: Path, parameters: FineTuning, node_rank: int) -> tuple[dict[int, int], str]:
    """Exit codes of the processes that failed, by rank, and why the machines did not meet, if so."""
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
            f"({str(error).splitlines()[0]}). On each other machine, start its share, with its number R from 1:\n"
            f"  python -m leap_kedro.training.join {job} --node-rank=R"
        )
    return {}, ""


def _torchrun_arguments(job: Path, parameters: FineTuning, node_rank: int) -> list[str]:
    meeting = parameters.rendezvous
    where = ["--standalone"]
    if meeting:
        where = [
            f"--nnodes={parameters.nodes}",
            f"--node-rank={node_rank}",
            "--rdzv-backend=static",  # with another the process that reports could be on another machine
            f"--rdzv-endpoint={meeting.endpoint}",
            f"--rdzv-id={meeting.id}",
            f"--rdzv-conf=timeout={parameters.timeout}",
        ]
    return [*where, f"--nproc-per-node={parameters.processes}", "--module", MODULE, str(job)]


def _accelerate_arguments(job: Path, parameters: FineTuning, node_rank: int) -> list[str]:
    meeting = parameters.rendezvous
    host, _, port = meeting.endpoint.partition(":") if meeting else ("", "", "0")  # 0: any port that is free
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
