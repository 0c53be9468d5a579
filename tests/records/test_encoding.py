"""Records as JSON."""

import json

import pytest
from recorded import VALIDATION, make_step, make_summary

from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.records import Step, decode, encode


@pytest.mark.parametrize("held", [None, True, False])
def test_a_field_that_older_records_lack_is_absent_at_its_usual_value(held: bool | None) -> None:
    step = make_step(held=held)
    assert ("held" in json.loads(encode(step))) is (held is not None)
    assert decode(Step, encode(step)) == step


def test_summaries_leave_such_fields_out_as_well() -> None:
    summary = make_summary(1, 5)
    assert "shown_admissible" not in summary.to_json()["conditions"]
    assert EvaluationSummary.from_json(summary.to_json()).conditions == VALIDATION
