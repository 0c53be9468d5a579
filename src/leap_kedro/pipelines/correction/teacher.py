"""The teacher that the parameters ask for."""

from leap_kedro.environments.protocol import Benchmark
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.teachers.protocol import Teacher


def build_teacher(parameters: CorrectionParameters, benchmark: Benchmark) -> Teacher:
    """The teacher, ready to correct.

    Args:
        parameters: Who corrects, and at what privilege level.
        benchmark: Where the episodes were played.
    """
    from leap_kedro.teachers.oracle import OracleTeacher

    how = parameters.teacher
    return OracleTeacher(
        benchmark,
        how.expert,
        parameters.privilege,
        reject_leaks=how.reject_leaks,
        varied_wording=how.varied_wording,
    )
