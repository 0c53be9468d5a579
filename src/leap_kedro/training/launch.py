"""Training in child processes: a fresh device context, crashes that do not affect the caller, any number of processes.

The caller receives live progress. If it is killed, the child processes end too, and the same call resumes from the last
complete checkpoint. A checkpoint belongs to a call if the digest of starting policy, data and parameters is the same.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from leap_kedro.records import UserError, decode, encode
from leap_kedro.records.atomic import replaced_file
from leap_kedro.records.hashing import SHORT, add_file
from leap_kedro.records.parameters import binding
from leap_kedro.training.adapters import ADAPTER
from leap_kedro.training.failures import LAUNCHER, failure, stderr_folder
from leap_kedro.training.join import MODULE, environment
from leap_kedro.training.losses import FILE, append_loss
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning, Job
from leap_kedro.training.progress import Progress, TrainingResult
from leap_kedro.training.store import PackedFile, write_packed

logger = logging.getLogger(__name__)


class TrainingFailed(UserError):
    """The training process ended without a result; the message contains the end of its stderr."""


def train(
    start: Path,
    packs: Sequence[Packed] | Path,
    parameters: FineTuning,
    work: Path,
    target: Path,
    *,
    validation: Sequence[Packed] = (),
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainingResult:
    """Fine-tunes the model in `start` on the packed rows in a child process and saves a transformers folder.

    The same call continues after an interruption, and returns the stored result after the training has finished.

    Args:
        start: Folder with config, weights and tokenizer.
        packs: Training data, or a file written by `write_packed`.
        parameters: How to train.
        work: Folder for data, checkpoints, live losses (`losses.jsonl`), stderr and the result; files of another
            training are removed.
        target: Folder to write, completely or not at all.
        validation: Held-out data to select the best checkpoint, see `fine_tune`.
        on_progress: Called at every report of the loss, in this process.

    Raises:
        FileNotFoundError: If `start` is not a model folder.
        ValueError: If a file of training data cannot be read.
        TrainingFailed: If the training ended without a result, or with another number of processes than requested.
    """
    if not (start / "config.json").exists():
        raise FileNotFoundError(f"{start} is not a model folder: it has no config.json")
    work.mkdir(parents=True, exist_ok=True)
    data = packs if isinstance(packs, Path) else write_packed(work / "data.npz", packs)
    held_out = write_packed(work / "validation.npz", validation) if validation else None
    digest = _digest(start, [data, *([held_out] if held_out else [])], parameters)
    result_file = work / f"result-{digest}.json"
    if result_file.exists() and target.exists():
        return decode(TrainingResult, result_file.read_text())
    checkpoints = work / f"checkpoints-{digest}"
    for other in [*work.glob("checkpoints-*"), *work.glob("result-*.json")]:
        if other != checkpoints:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    if not checkpoints.exists():
        (work / FILE).unlink(missing_ok=True)
    job = Job(
        start=start, data=data, parameters=parameters, checkpoints=checkpoints, target=target, validation=held_out
    )
    job_file = work / "job.json"
    job_file.write_text(job.model_dump_json(indent=2))
    result = _run(job_file, parameters, on_progress)
    with replaced_file(result_file) as temporary:
        temporary.write_text(encode(result))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return result


def _run(job: Path, parameters: FineTuning, on_progress: Callable[[Progress], None] | None) -> TrainingResult:
    alone = parameters.world_size == 1 and parameters.accelerate is None
    module = [MODULE, str(job)] if alone else [f"{MODULE}.join", str(job), "--node-rank=0", "--for-caller"]
    stderr = stderr_folder(job)
    shutil.rmtree(stderr, ignore_errors=True)
    stderr.mkdir()
    result, stopped, codes = None, "", {}
    with (
        (stderr / LAUNCHER).open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            stdin=subprocess.PIPE,  # never written to: the child ends when it is closed
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment(parameters)},
        ) as child,
    ):
        assert child.stdout is not None  # noqa: S101
        try:
            for line in child.stdout:
                message = _message(line)
                if "progress" in message:
                    progress = decode(Progress, json.dumps(message["progress"]))
                    append_loss(job.parent, progress.step, progress.loss)
                    if on_progress is not None:
                        on_progress(progress)
                if "log" in message:
                    logger.log(message["log"]["level"], "%s", message["log"]["message"])
                stopped = message.get("stopped") or message.get("unmet") or stopped
                if "failed" in message:
                    codes = {int(rank): code for rank, code in message["failed"].items()}
                if "result" in message:
                    result = decode(TrainingResult, json.dumps(message["result"]))
            code = child.wait()
        except BaseException:
            child.terminate()
            raise
    if stopped:
        raise TrainingFailed(stopped)
    if code or result is None:
        raise TrainingFailed(failure(stderr, {0: code} if alone else codes, parameters.world_size))
    if result.world_size != parameters.world_size:
        raise TrainingFailed(f"{parameters.world_size} processes were requested, but {result.world_size} trained")
    return result


def _message(line: str) -> dict[str, Any]:
    """The message in a line; empty for the output of libraries."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _digest(start: Path, data: Sequence[Path], parameters: FineTuning) -> str:
    # A checkpoint of weights that accelerate shards has its own format.
    values = {**binding(parameters), "shared_out": parameters.accelerate is not None}
    digest = sha256(json.dumps(values, sort_keys=True).encode())
    files = [*start.iterdir(), *(start / ADAPTER).glob("*")]
    for file in sorted(path for path in files if path.suffix in (".json", ".safetensors", ".jinja")):
        digest.update(file.name.encode())
        add_file(digest, file)
    for file in data:
        digest.update(PackedFile(file).digest().encode())
    return digest.hexdigest()[:SHORT]
