"""Replicas of a policy on a Ray cluster: one server per actor, on as many machines or GPUs as there are."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.compute.cluster import POLL, ResourceWait, actor_options, asked, connect, fitting, has_gpus
from leap_kedro.compute.node_files import FolderContent
from leap_kedro.policies.guard import PATIENCE
from leap_kedro.policies.replica import RayReplica, ReplicaActor, Sent, Standing
from leap_kedro.policies.served_folder import ServedFolder
from leap_kedro.policies.vllm_process import ServingFailed
from leap_kedro.records.errors import in_one_line

logger = logging.getLogger(__name__)


@contextmanager
def running_replicas(
    server: ServedFolder, count: int | None, gpus: float | None, compute: ComputeParameters
) -> Iterator[tuple[tuple[RayReplica, ...], str]]:
    """Servers of a policy while the block lasts, and the name under which they answer.

    Args:
        server: The server of each replica.
        count: Number of replicas; None: as many as GPUs allow, or one per machine without GPUs.
        gpus: GPUs of each; None: 1 if the cluster has GPUs, else 0.
        compute: The cluster; `compute.cpus` are the CPU cores of each.

    Raises:
        NoCluster: If there is no cluster, or no replica finds room in it.
        ServingFailed: If no server starts.
    """
    connect(compute)
    needed = compute.model_copy(update={"gpus": float(has_gpus()) if gpus is None else gpus})
    count = count or max(1, fitting(needed, per_machine=None if needed.gpus else 1))
    actors = _actors(server, count, needed)
    try:
        yield _answering(_placed(actors, needed))
    finally:
        _end(actors)


def _actors(server: ServedFolder, count: int, needed: ComputeParameters) -> list[Any]:
    import ray

    create: Any = ray.remote(ReplicaActor).options(
        max_restarts=needed.max_attempts, max_task_retries=-1, **actor_options(needed)
    )
    sent = [] if needed.shared_storage else _sent(server)
    actors = [create.remote() for _ in range(count)]
    for actor in actors:
        actor.serve.remote(server, sent, needed.max_attempts, needed.timeout)
    return actors


def _sent(server: ServedFolder) -> Sent:
    import ray

    contents = map(FolderContent.of, server.folders)
    return [(content.digest, [ray.put(content)]) for content in contents]


def _placed(actors: Sequence[Any], needed: ComputeParameters) -> list[Any]:
    """The actors that have found a machine in time; the others are ended."""
    import ray

    began = time.monotonic()
    waiting = {actor.node.remote(): actor for actor in actors}
    placed, wait = [], ResourceWait(needed, "`compute.cpus` or `serving.gpus`")
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        ready = ready or ray.wait(list(waiting), timeout=POLL)[0]
        for call in ready:
            placed.append(waiting.pop(call))
        state = f"{len(waiting)} of {len(actors)} replicas wait for {asked(needed)} each"
        if waiting and wait.is_over(time.monotonic() - began, state, in_vain=not placed):
            break
    for actor in waiting.values():
        ray.kill(actor)
    return placed


def _answering(actors: Sequence[Any]) -> tuple[tuple[RayReplica, ...], str]:
    """The replicas whose servers answer, once each does or has failed; and the model's name."""
    import ray

    waiting = {actor.standing.remote(): actor for actor in actors}
    found: list[RayReplica] = []
    name = cause = ""
    while waiting:
        for call in ray.wait(list(waiting), timeout=POLL)[0]:
            actor = waiting.pop(call)
            try:
                standing: Standing = ray.get(call)
            except ray.exceptions.RayError as error:
                standing = Standing("", "", in_one_line(error))
            if standing.failure:
                cause = standing.failure
                logger.warning("A replica does not start: %s", cause)
            else:
                name = standing.name
                found.append(RayReplica(actor, standing.base_url))
    if not found:
        raise ServingFailed(f"None of the {len(actors)} replicas starts. {cause}")
    logger.info("Served by %d replicas: %s", len(found), ", ".join(replica.base_url for replica in found))
    return tuple(found), name


def _end(actors: Sequence[Any]) -> None:
    """End the servers and wait for it: the next ones need their memory."""
    import ray

    calls = [actor.stop.remote() for actor in actors]
    ray.wait(calls, num_returns=len(calls), timeout=2 * PATIENCE)
    for actor in actors:
        ray.kill(actor)
