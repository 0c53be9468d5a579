"""Estimates from the base's configuration."""

from pipelines.stages import small_parameters

from leap_kedro.rehearsal.estimates import estimated
from leap_kedro.training.packing import Row, pack


def test_a_base_with_other_names_of_sizes_has_no_estimate_of_memory() -> None:
    packs = [pack([Row((1, 2, 3), (0.0, 0.0, 1.0))])]
    names = dict(estimated(small_parameters(), {"n_embd": 32}, packs, 2))
    assert list(names)[-1] == "memory and time"
    assert "no 'num_attention_heads'" in names["memory and time"]
