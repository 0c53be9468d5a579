"""Where work runs: in this process, in worker processes of this machine, or in actors of a Ray cluster."""

from leap_kedro.compute.parameters import ComputeKind, ComputeParameters

__all__ = ["ComputeKind", "ComputeParameters"]
