"""Training in child processes: a fresh device context, crashes that do not affect the caller, any number of processes.

The caller receives live progress. If it is killed, the child processes end too, and the same call resumes from the last
complete checkpoint. A checkpoint belongs to a call if the digest of starting policy, data and parameters is the same.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from leap_kedro.compute import ComputeKind, ComputeParameters
from leap_kedro.records import decode, encode
from leap_kedro.records.atomic import replaced_file
from leap_kedro.records.hashing import SHORT, add_file
from leap_kedro.records.parameters import binding
from leap_kedro.training.adapters import ADAPTER
from leap_kedro.training.failures import LAUNCHER, TrainingFailed, empty_stderr
from leap_kedro.training.join import JOB, how_to_join, processes
from leap_kedro.training.losses import FILE
from leap_kedro.training.outcome import Outcome
from leap_kedro.training.packing import Packed
from leap_kedro.training.parameters import FineTuning, Job
from leap_kedro.training.progress import Progress, TrainingResult
from leap_kedro.training.store import PackedFile, write_packed

__all__ = ["TrainingFailed", "train"]


def train(
    start: Path,
    packs: Sequence[Packed] | Path,
    parameters: FineTuning,
    work: Path,
    target: Path,
    *,
    validation: Sequence[Packed] = (),
    on_progress: Callable[[Progress], None] | None = None,
    compute: ComputeParameters | None = None,
) -> TrainingResult:
    """Fine-tunes the model in `start` on the packed rows in child processes and saves a transformers folder.

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
        compute: Where the processes run; None: on this machine.

    Raises:
        FileNotFoundError: If `start` is not a model folder.
        ValueError: If a file of training data cannot be read.
        TrainingFailed: If the training ended without a result, or with another number of processes than requested.
        NoCluster: If there is no Ray cluster, or it has no free resources.
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
    job_file = work / JOB
    job_file.write_text(job.model_dump_json(indent=2))
    if compute is not None and compute.kind is ComputeKind.RAY:
        from leap_kedro.training.on_ray import run_on_ray

        result = run_on_ray(job.absolute(), work.absolute(), compute, on_progress)
    else:
        result = _run(job_file, parameters, on_progress)
    with replaced_file(result_file) as temporary:
        temporary.write_text(encode(result))
    shutil.rmtree(checkpoints, ignore_errors=True)
    return result


def _run(job: Path, parameters: FineTuning, on_progress: Callable[[Progress], None] | None) -> TrainingResult:
    if why := parameters.why_no_meeting:
        raise TrainingFailed(why)
    outcome = Outcome(job.parent, on_progress)
    with (
        (empty_stderr(job.parent) / LAUNCHER).open("w") as errors,
        processes(job, parameters, 0, errors) as child,
    ):
        assert child.stdout is not None  # noqa: S101
        try:
            for line in child.stdout:
                outcome.hear(line)
            code = child.wait()
        except BaseException:
            child.terminate()
            raise
    if outcome.unmet:
        raise TrainingFailed(f"{outcome.unmet}. {how_to_join(job)}")
    outcome.ended(parameters, code)
    return outcome.result(parameters)


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
