"""Training on a Ray cluster: an actor per machine starts the processes that are otherwise started by hand.

These are the same launcher and the same processes as without Ray, so checkpoints, resume, live losses, stderr, the
first failed process and the check of the number of processes are the same, too. Ray Train's `TorchTrainer` would
replace all of them, needs the trainer in its own workers, and keeps checkpoints where only it finds them.

If a machine dies, the training starts again from the last complete checkpoint. A training that fails by itself would
fail again and is not repeated.
"""

import logging
import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.cluster import connect
from leap_kedro.training.checkpoints import whole
from leap_kedro.training.failures import FIRST, LAUNCHER, TrainingFailed, empty_stderr
from leap_kedro.training.join import JOB
from leap_kedro.training.machine import News, Place
from leap_kedro.training.machines import ClusterFailure, Machines, reserved
from leap_kedro.training.outcome import Outcome
from leap_kedro.training.parameters import Job, Rendezvous
from leap_kedro.training.progress import Progress, TrainingResult
from leap_kedro.training.travel import CHECKPOINTS, POLICIES, Luggage

logger = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds in which the other machines can end by themselves after one has failed; then they are ended."""


def run_on_ray(
    job: Job, work: Path, compute: ComputeParameters, on_progress: Callable[[Progress], None] | None
) -> TrainingResult:
    """Run a training's processes on the cluster.

    Args:
        job: The job.
        work: The training's workspace.
        compute: The cluster, and what it is asked for.
        on_progress: Called at every report of the loss.

    Raises:
        NoCluster: If there is no cluster, or it has no free resources.
        TrainingFailed: If the training failed by itself, or machines died `compute.max_attempts` times.
    """
    connect(compute)
    for attempt in range(1, compute.max_attempts + 1):
        try:
            with reserved(job.parameters, compute) as machines:
                return _Attempt(job, work, compute, machines, on_progress).run()
        except ClusterFailure as failure:
            died = failure
            checkpoints = [mark.parent.name for mark in whole(job.checkpoints)]
            resumed = f"resuming from {checkpoints[-1]}" if checkpoints else "starting from the beginning"
            if attempt < compute.max_attempts:
                what = attempt + 1, compute.max_attempts, resumed
                logger.warning("Training: %s; attempt %d of %d, %s", died, *what)
    raise TrainingFailed(
        f"the training ended {compute.max_attempts} time(s) because of the cluster (`compute.max_attempts`), at last "
        f"because {died}. Run the same command again: it continues from the last whole checkpoint."
    )


class _Attempt:
    """One start of a training's processes on machines that are ready."""

    def __init__(
        self,
        job: Job,
        work: Path,
        compute: ComputeParameters,
        machines: Machines,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._job, self._work, self._compute, self._machines = job, work, compute, machines
        self._outcome = Outcome(work, on_progress)
        self._luggage = None if compute.shared_storage else Luggage(job)
        self._stderr = empty_stderr(work)

    def run(self) -> TrainingResult:
        places = self._start()
        self._follow()
        if self._luggage:
            self._bring_stderr()
        if self._outcome.unmet:
            raise ClusterFailure(self._outcome.unmet)
        if self._luggage and self._outcome.stopped:
            for place in places:
                self._outcome.stopped = self._luggage.here(self._outcome.stopped, place.folder)
        elif self._luggage and not self._outcome.failed:
            files = self._machines.answer(0, self._machines.call(0, "files", POLICIES))
            self._luggage.bring_policies(files, places[0].folder)
        return self._outcome.result(self._job.parameters)

    def _start(self) -> Sequence[Place]:
        import ray

        content = self._luggage.content() if self._luggage else {}
        files = {name: ray.put(each) for name, each in content.items()}
        places: list[Place] = self._machines.all("prepare", files, timeout=self._compute.start_timeout)
        self._machines.names = [
            f"{name[:-1]}, {place.host})" for name, place in zip(self._machines.names, places, strict=True)
        ]
        meeting = Rendezvous(endpoint=f"{places[0].host}:{places[0].port}") if len(places) > 1 else None
        for rank, place in enumerate(places):
            job, work = self._job, self._work
            if self._luggage:
                job, work = self._luggage.there(place.folder), place.folder
            job = job.model_copy(update={"parameters": job.parameters.model_copy(update={"rendezvous": meeting})})
            if not self._luggage and rank == 0:
                (work / JOB).write_text(job.model_dump_json(indent=2))
            self._machines.answer(rank, self._machines.call(rank, "start", job, rank, work))
        return places

    def _follow(self) -> None:
        """Take the news of all machines until their processes have ended."""
        import ray

        calls = {self._machines.call(rank, "news"): rank for rank in range(len(self._machines))}
        heard = dict.fromkeys(calls.values(), time.monotonic())
        end_at = math.inf
        while calls:
            done, _ = ray.wait(list(calls), timeout=1.0)
            now = time.monotonic()
            for call in done:
                rank = calls.pop(call)
                news = self._machines.answer(rank, call)
                heard[rank] = now
                self._take(rank, news)
                if news.code is None:
                    calls[self._machines.call(rank, "news")] = rank
                elif news.code:
                    end_at = min(end_at, now + GRACE)
            for rank in calls.values():
                if now - heard[rank] > self._compute.timeout:
                    raise ClusterFailure(f"{self._machines.names[rank]} did not answer for {self._compute.timeout:g} s")
                if now > end_at:
                    self._machines.call(rank, "stop")
            end_at = math.inf if now > end_at else end_at

    def _take(self, rank: int, news: News) -> None:
        for line in news.lines:
            self._outcome.hear(line)
        if news.code is not None:
            self._outcome.ended(self._job.parameters, news.code)
        if rank == 0 and self._luggage:
            self._bring_checkpoints(self._luggage, news.checkpoints)

    def _bring_checkpoints(self, luggage: Luggage, names: Sequence[str]) -> None:
        here = {mark.parent.name for mark in whole(self._job.checkpoints)}
        for name in [name for name in names if name not in here]:
            parts = self._machines.all("files", [f"{CHECKPOINTS}/{name}"])  # each process writes its random state
            luggage.bring_checkpoint(name, {each: content for part in parts[::-1] for each, content in part.items()})
        here = {mark.parent.name for mark in whole(self._job.checkpoints)}
        for name in here.difference(names) if here.issuperset(names) else ():
            shutil.rmtree(self._job.checkpoints / name)

    def _bring_stderr(self) -> None:
        """Bring the stderr of all processes, and the record of the one that failed first."""
        times = self._machines.all("failed_first")
        earliest = min((time for time in times if time is not None), default=None)
        for files, failed in zip(self._machines.all("files", [self._stderr.name]), times, strict=True):
            for path, content in files.items():
                name = Path(path).name
                if name != FIRST or failed == earliest:
                    with (self._stderr / name).open("ab" if name == LAUNCHER else "wb") as file:
                        content.tofile(file)
