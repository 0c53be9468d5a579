"""The small random student of a rehearsal."""

from pathlib import Path

import pytest
from student_tokenizers import byte_level

from leap_kedro.policies.preflight import check_policy
from leap_kedro.rehearsal.stand_in import write_stand_in


@pytest.mark.parametrize(("kind", "written"), [("olmo2", "olmo2"), ("falcon", "llama")])
def test_the_stand_in_of_any_architecture_can_be_used(
    kind: str, written: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from transformers import AutoConfig

    AutoConfig.for_model(kind).save_pretrained(tmp_path / "base")
    byte_level().save_pretrained(tmp_path / "base")
    assert write_stand_in(tmp_path / "base", tmp_path / "small", [], seed=1)
    assert AutoConfig.from_pretrained(tmp_path / "small").model_type == written
    assert ("Falcon cannot be made small" in caplog.text) == (written != kind)
    check_policy(tmp_path / "small", "alfworld")
