"""Work on many items where the parameters say: in this process, in processes of this machine, or on a Ray cluster."""

from collections.abc import Iterator, Sequence

from leap_kedro.compute.parameters import ComputeKind, ComputeParameters
from leap_kedro.compute.processes import in_processes
from leap_kedro.compute.work import Item, Result, Work


def run(
    work: Work[Item, Result], items: Sequence[Item], processes: int = 1, compute: ComputeParameters | None = None
) -> Iterator[Result]:
    """Work on each item once.

    Args:
        work: The work.
        items: The items.
        processes: Number of processes, if the work is done on this machine.
        compute: Where the work is done; None: on this machine.

    Yields:
        Results as they become available.

    Raises:
        WorkerFailure: If workers fail in a way that another attempt would not change.
        NoCluster: If there is no cluster, or it has no free resources.
    """
    if compute is None or compute.kind is ComputeKind.LOCAL:
        yield from in_processes(work, items, processes)
        return
    from leap_kedro.compute.crew import on_cluster

    yield from on_cluster(work, items, compute)
