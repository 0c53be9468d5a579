from dataclasses import replace

import pytest
from recorded import make_episode, make_step

from leap_kedro.records.secrets import REDACTED, has_secret, without_secrets


@pytest.mark.parametrize(
    "text",
    ["sk-proj-0123456789abcdef", "hf_0123456789abcdef", "Bearer eyJhbGciOi", "https://user:word@example.org/v1"],
)
def test_what_looks_like_a_key_is_replaced(text: str) -> None:
    assert has_secret(text)
    cleaned = without_secrets(f"Error: {text} was refused")
    assert REDACTED in cleaned
    assert not has_secret(cleaned)
    assert cleaned.startswith("Error: ")


def test_ordinary_texts_stay() -> None:
    text = "task-based, see https://example.org/a:b, the bearer of news"
    assert not has_secret("the risk-averse agent sk-1")
    assert without_secrets("go to desk 1") == "go to desk 1"
    assert without_secrets(text.replace("bearer of", "carrier of")) == text.replace("bearer of", "carrier of")


def test_records_are_cleaned_in_depth_and_keep_their_types() -> None:
    key = "sk-0123456789abcdef"
    episode = replace(make_episode(steps=(make_step(key, admissible=(key, "look")),)), error=key, parts={"query": 0.5})
    cleaned = without_secrets(episode)
    assert (cleaned.error, cleaned.steps[0].action, cleaned.steps[0].admissible) == (
        REDACTED,
        REDACTED,
        (REDACTED, "look"),
    )
    assert cleaned.stop is episode.stop
    assert cleaned.steps[0].parse_status is episode.steps[0].parse_status
    assert replace(cleaned, error=key, steps=episode.steps) == episode
