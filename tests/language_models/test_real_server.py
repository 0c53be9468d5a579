"""A real, small language model on loopback: not wise, but it takes a schema, counts tokens and has a context."""

import json
from pathlib import Path

import pytest
from language_models.real_server import MODEL

from leap_kedro.language_models import (
    Access,
    Finish,
    LanguageModel,
    Message,
    ModelParameters,
    Price,
    PromptTooLong,
    Request,
    Role,
    in_order,
)

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


@pytest.mark.slow
def test_a_real_model(language_model_url: str, tmp_path: Path) -> None:
    access = Access(prices={MODEL: Price(prompt=1.0, completion=2.0)}, cache=tmp_path)
    model = LanguageModel(ModelParameters(base_url=language_model_url, model=MODEL, max_tokens=20), access)
    requests = [
        Request((Message(Role.USER, "What colour is grass? Answer in JSON."),), SCHEMA),
        Request((Message(Role.USER, "Count from one to a hundred, in words."),)),
    ]

    held, cut = in_order(model.complete, requests, 2)
    again = in_order(model.complete, requests[:1], 1)[0]

    assert json.loads(held.text)["colour"] in {"red", "green"}
    assert held.dollars == pytest.approx((held.prompt_tokens + 2 * held.completion_tokens) / 1e6)
    assert (held.finish, cut.finish, cut.completion_tokens) == (Finish.STOP, Finish.LENGTH, 20)
    assert (again.text, again.cached) == (held.text, True)
    with pytest.raises(PromptTooLong):
        in_order(model.complete, [Request((Message(Role.USER, "word " * 20_000),))], 1)
