"""Counts of a teacher's corrections by verdict and rejection."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from leap_kedro.records import CorrectedEpisode, Rejection, Verdict

REJECTED = "rejected"
"""Verdict of steps whose correction is not used."""
FAULT = "fault"
"""Verdict of faults of whole replies."""
NOT_REJECTED = "none"
"""Rejection of corrections that are used."""


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """One row of the count.

    Attributes:
        verdict: ``keep`` or ``correct`` for used corrections, otherwise `REJECTED`; `FAULT` for whole replies.
        rejection: Why it is not used, or `NOT_REJECTED`.
        count: Number of steps or faults.
        share: Share of all judged steps; for a fault, the share of episodes that have it.
    """

    verdict: str
    rejection: str
    count: int
    share: float


def count_verdicts(corrections: Collection[CorrectedEpisode]) -> list[VerdictCount]:
    """One row per verdict, rejection and fault, including those that did not occur."""
    judged = [correction for corrected in corrections for correction in corrected.corrections]
    used = Counter(correction.verdict for correction in judged if correction.accepted)
    rejected = Counter(correction.rejection for correction in judged)
    faults = Counter(fault.rejection for corrected in corrections for fault in corrected.faults)
    faulty = Counter(kind for corrected in corrections for kind in {fault.rejection for fault in corrected.faults})
    return [
        *(VerdictCount(kind, NOT_REJECTED, used[kind], _share(used[kind], len(judged))) for kind in Verdict),
        *(VerdictCount(REJECTED, why, rejected[why], _share(rejected[why], len(judged))) for why in Rejection),
        *(VerdictCount(FAULT, why, faults[why], _share(faulty[why], len(corrections))) for why in Rejection),
    ]


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0
