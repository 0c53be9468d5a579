"""The vocabulary: frozen values that all packages share. It imports nothing of the project."""

from leap_kedro.records.correction import CorrectedEpisode, Correction, Exchange, Fault, Rejection, Usage, Verdict
from leap_kedro.records.encoding import decode, encode
from leap_kedro.records.episode import Episode, ParseStatus, Step, StopReason, Turn
from leap_kedro.records.errors import UserError
from leap_kedro.records.example import Example, OwnReply, Target
from leap_kedro.records.privileged import PrivilegedState
from leap_kedro.records.task import Task

__all__ = [
    "CorrectedEpisode",
    "Correction",
    "Episode",
    "Example",
    "Exchange",
    "Fault",
    "OwnReply",
    "ParseStatus",
    "PrivilegedState",
    "Rejection",
    "Step",
    "StopReason",
    "Target",
    "Task",
    "Turn",
    "Usage",
    "UserError",
    "Verdict",
    "decode",
    "encode",
]
