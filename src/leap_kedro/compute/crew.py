"""Work on a Ray cluster: the driver hands out items as workers have room, and takes results as they come.

A worker that dies or hangs costs its unfinished items, which others do again. An item that workers do not survive is
given up: after all but one of its attempts it is worked on alone, so that no other item is blamed for it.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic

from leap_kedro.compute.cluster import POLL, ResourceWait, actor_options, asked, connect, fitting
from leap_kedro.compute.node_files import FolderContent
from leap_kedro.compute.parameters import ComputeParameters
from leap_kedro.compute.ray_worker import RayWorker, Report
from leap_kedro.compute.work import Item, Result, Work, WorkerFailure
from leap_kedro.records.errors import in_one_line

_REPORTS = 60.0
"""Seconds between two lines of the log about the state of the work."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job(Generic[Item]):
    """An item and the number of workers that were lost while they had it."""

    item: Item
    attempts: int = 0


@dataclass(slots=True, eq=False)
class _Member(Generic[Item]):
    """A worker as the driver sees it.

    Attributes:
        actor: Its handle.
        call: The call under way.
        jobs: What it works on, by id of the item.
        node: Its machine; "" until it has started.
        pulse: The last number of signs of progress.
        heard: When that number last changed, or work began (seconds of the monotonic clock).
        results: Number of its results.
    """

    actor: Any
    call: Any
    heard: float
    jobs: dict[str, _Job[Item]] = field(default_factory=dict)
    node: str = ""
    pulse: int = -1
    results: int = 0


def on_cluster(work: Work[Item, Result], items: Sequence[Item], parameters: ComputeParameters) -> Iterator[Result]:
    """Work on each item once, in actors of the cluster. Closing the iterator, an error or Ctrl-C ends them.

    Yields:
        Results as they become available.

    Raises:
        WorkerFailure: If the work cannot be loaded, or workers die without any result.
        NoCluster: If there is no cluster, or it starts no worker in time.
    """
    if not items:
        return
    connect(parameters)
    crew = _Crew(work, items, parameters)
    try:
        yield from crew.results()
    finally:
        crew.dismiss()


class _Crew(Generic[Item, Result]):
    """The workers of one run of a stage, and what they have to do."""

    def __init__(self, work: Work[Item, Result], items: Sequence[Item], parameters: ComputeParameters) -> None:
        self._work, self._parameters = work, parameters
        self._waiting = deque(_Job(item) for item in items)
        self._suspects: deque[_Job[Item]] = deque()
        self._members: list[_Member[Item]] = []
        self._size = min(parameters.workers or max(1, fitting(parameters)), len(items))
        self._begun = time.monotonic()
        self._next_report = self._begun + _REPORTS
        self._counts: dict[str, int] = {}
        self._lost = 0
        self._wait = ResourceWait(parameters, "`compute.cpus` or `compute.gpus`")
        self._content = self._sent_folder()

    def results(self) -> Iterator[Result]:
        """Results as they become available."""
        import ray

        while self._left:
            self._recruit()
            calls = {member.call: member for member in self._members}
            ready, _ = ray.wait(list(calls), num_returns=len(calls), timeout=0)
            if not ready:
                ready, _ = ray.wait(list(calls), timeout=POLL)
            for call in ready:
                yield from self._answered(calls[call])
            yield from self._silent()
            if time.monotonic() > self._next_report:
                self._next_report += _REPORTS
                self._log_state()
        self._log_state()

    def dismiss(self) -> None:
        """End all workers."""
        import ray

        for member in self._members:
            ray.kill(member.actor)

    @property
    def _left(self) -> int:
        return len(self._waiting) + len(self._suspects) + sum(len(member.jobs) for member in self._members)

    def _sent_folder(self) -> tuple[str, list[Any]]:
        """Digest of the work's folder, and the reference to its content; "" if workers read it where it is."""
        import ray

        if self._work.folder is None or self._parameters.shared_storage:
            return "", []
        content = FolderContent.of(self._work.folder)
        return content.digest, [ray.put(content)]

    def _recruit(self) -> None:
        """Start workers until there are enough."""
        import ray

        options = actor_options(self._parameters)
        while len(self._members) < min(self._size, self._left):
            create: Any = ray.remote(RayWorker).options(max_concurrency=2, **options)
            actor = create.remote()
            begun = actor.begin.remote(self._work, *self._content)
            self._members.append(_Member(actor, begun, time.monotonic()))

    def _answered(self, member: _Member[Item]) -> Iterator[Result]:
        """Take what a worker brings, and give it more."""
        import ray

        try:
            answer = ray.get(member.call)
        except ray.exceptions.RayActorError as error:
            yield from self._gone(member, in_one_line(error))
            return
        except ray.exceptions.RayError as error:
            cause = in_one_line(getattr(error, "cause", None) or error)
            raise WorkerFailure(f"A worker ({self._work.name}) cannot work: {cause}") from error
        if isinstance(answer, Report):
            if answer.failure:
                raise WorkerFailure(f"A worker ({self._work.name}) on {member.node} failed: {answer.failure}")
            if answer.pulse != member.pulse or not member.jobs:
                member.pulse, member.heard = answer.pulse, time.monotonic()
            for result in answer.results:
                if member.jobs.pop(self._work.result_id(result), None):
                    self._lost = 0
                    self._counts[member.node] = self._counts.get(member.node, 0) + 1
                    yield result
        else:
            member.node = answer
        given = self._given(member)
        member.call = member.actor.exchange.remote([job.item for job in given])

    def _given(self, member: _Member[Item]) -> list[_Job[Item]]:
        """The next jobs of a worker: an even share, as far as it has room; a suspect alone."""
        if not self._waiting and self._suspects and not member.jobs:
            jobs = [self._suspects.popleft()]
        elif any(job.attempts >= self._alone for job in member.jobs.values()):
            jobs = []
        else:
            room = self._work.slots + self._work.slots // 4 + 1
            share = -(-self._left // self._size)
            count = min(room, share) - len(member.jobs)
            jobs = [self._waiting.popleft() for _ in range(min(max(count, 0), len(self._waiting)))]
        if jobs and not member.jobs:
            member.heard = time.monotonic()
        member.jobs.update({self._work.item_id(job.item): job for job in jobs})
        return jobs

    @property
    def _alone(self) -> int:
        """Number of lost workers from which a job is done alone."""
        return max(1, self._parameters.max_attempts - 1)

    def _gone(self, member: _Member[Item], cause: str) -> Iterator[Result]:
        """A worker is lost: others do its jobs."""
        self._members.remove(member)
        jobs = list(member.jobs.values())
        logger.warning(
            "%s: a worker on %s was lost; others do its %d unfinished: %s",
            self._work.name,
            member.node or "the cluster",
            len(jobs),
            cause,
        )
        self._lost += 1
        for job in jobs:
            job.attempts += 1
            if len(jobs) == 1 and job.attempts >= self._parameters.max_attempts:
                self._lost = 0
                name = self._work.item_id(job.item)
                lost = f"{name} was given up after {job.attempts} lost workers, the last of which did nothing else"
                logger.warning("%s: %s (%s)", self._work.name, lost, cause)
                yield self._work.given_up(job.item, f"{lost}: {cause}")
            else:
                (self._suspects if job.attempts >= self._alone else self._waiting).append(job)
        if self._lost > self._parameters.max_attempts + self._size:
            raise WorkerFailure(
                f"{self._lost} workers ({self._work.name}) were lost without a result; the last one: {cause}. "
                "What is finished is kept; run the same command again for the rest."
            )

    def _silent(self) -> Iterator[Result]:
        """Replace workers that hang, and report those that do not start."""
        import ray

        now, how = time.monotonic(), self._parameters
        for member in list(chain(self._members)):
            if member.node and member.jobs and now - member.heard > how.timeout:
                ray.kill(member.actor)
                yield from self._gone(member, f"no sign of work for {how.timeout:g} s (`compute.timeout`)")
        missing = [each for each in self._members if not each.node and self._wait.reports(now - each.heard)]
        late = [each for each in missing if now - each.heard > how.start_timeout]
        in_vain = len(late) == len(self._members)
        waiting = f"{self._work.name}: {len(missing)} of {self._size} workers wait for {asked(how)} each"
        for member in missing:
            if self._wait.is_over(now - member.heard, waiting, in_vain=in_vain):
                ray.kill(member.actor)
                self._members.remove(member)
                self._size -= 1

    def _log_state(self) -> None:
        """Results per second on each machine, and the lengths of the queues."""
        seconds = max(time.monotonic() - self._begun, 1e-3)
        speed = ", ".join(f"{node} {count / seconds:.1f}/s" for node, count in sorted(self._counts.items()))
        waiting = len(self._waiting) + len(self._suspects)
        logger.info(
            "%s, workers %d: %d finished, %d under way, %d waiting; %s",
            self._work.name,
            sum(bool(member.node) for member in self._members),
            sum(self._counts.values()),
            self._left - waiting,
            waiting,
            speed or "no result yet",
        )
