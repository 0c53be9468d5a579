import pytest

from leap_kedro.records.secrets import REDACTED
from leap_kedro.tracking.parameters import loggable


def test_only_what_is_allowed_is_logged() -> None:
    raw = {"seed": 3, "rollout": {"temperature": 0.5, "slots": [1, 2], "inner": {"on": True}}, "other": {"x": 1}}
    assert loggable(raw, ["seed", "rollout.*"]) == {
        "seed": "3",
        "rollout.temperature": "0.5",
        "rollout.slots": "[1, 2]",
        "rollout.inner.on": "true",
    }
    assert loggable(raw, []) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "x"),
        ("openai-apikey", "x"),
        ("hf_token", "x"),
        ("PASSWORD", "x"),
        ("credentials", "x"),
        ("authorization", "x"),
        ("url", "https://user:pw@host/v1"),
        ("headers", ["Bearer abcdef"]),
        ("note", "use sk-abcdefghijklmnop"),
    ],
)
def test_secrets_are_blacked_out_however_wide_the_list(name: str, value: object) -> None:
    assert loggable({"server": {name: value}}, ["*"]) == {f"server.{name}": REDACTED}


def test_what_only_looks_like_a_secret_is_shown() -> None:
    raw = {"max_new_tokens": 40, "tokens_per_step": 1200, "keyboard": "qwerty", "url": "https://host:8000/v1"}
    assert REDACTED not in loggable(raw, ["*"]).values()


def test_long_values_are_cut_at_what_mlflow_takes() -> None:
    assert len(loggable({"prompt": "x" * 10_000}, ["prompt"])["prompt"]) == 6000
