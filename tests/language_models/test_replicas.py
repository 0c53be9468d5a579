"""Requests are spread over several servers, which may go and come back; they are real ones on loopback."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from language_models.fake_server import FakeServer, Reply, says

from leap_kedro.language_models import (
    Access,
    Completion,
    LanguageModel,
    Message,
    ModelParameters,
    ModelRefusedRequest,
    Request,
    Role,
    client,
    in_order,
    replicas,
)
from leap_kedro.language_models.replicas import ReplicaGone

NOWHERE = "http://127.0.0.1:9/v1"


@dataclass
class Given:
    """A replica that answers at one address, and then at others."""

    base_url: str
    later: list[str] = field(default_factory=list)

    async def found(self) -> str:
        if not self.later:
            raise ReplicaGone("out of memory")
        return self.later.pop(0)


@pytest.fixture
def servers() -> Iterator[list[FakeServer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(FakeServer([says(str(number), delay=0.05)])) for number in range(3)]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_PAUSE", 0.0)
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)


def model(*replicas: Given, **values: Any) -> LanguageModel:
    parameters = ModelParameters(model="m", base_url=replicas[0].base_url, **{"retries": 0, **values})
    return LanguageModel(parameters, Access(replicas=replicas, patience=5.0))


def answers(model: LanguageModel, conversations: Sequence[str]) -> list[str]:
    async def answer(conversation: str) -> Completion:
        return await model.complete(Request((Message(Role.USER, "Go."),), conversation=conversation))

    return [each.text for each in in_order(answer, conversations, 64)]


def test_a_conversation_stays_with_one_server_and_the_servers_share_them_evenly(servers: list[FakeServer]) -> None:
    asked = model(*(Given(server.base_url) for server in servers), concurrency=64)
    names = [f"episode {number}" for number in range(12)]
    first = answers(asked, names)
    assert Counter(first) == {"0": 4, "1": 4, "2": 4}
    assert answers(asked, names) == first
    assert len(set(answers(asked, [""] * 3))) == 3, "calls outside of conversations are spread too"


def test_a_server_that_is_gone_costs_no_answer_and_comes_back_elsewhere(servers: list[FakeServer]) -> None:
    asked = model(Given(NOWHERE, [servers[2].base_url]), Given(servers[1].base_url))
    names = [f"episode {number}" for number in range(8)]
    assert set(answers(asked, names)) <= {"1", "2"}
    assert Counter(answers(asked, [f"later {number}" for number in range(8)])) == {"1": 4, "2": 4}


def test_an_error_of_a_server_is_tried_again_at_another(servers: list[FakeServer]) -> None:
    with FakeServer([Reply(b"{}", status=500)]) as failing:
        asked = model(Given(failing.base_url), Given(servers[1].base_url), retries=1)
        assert answers(asked, ["a", "b", "c", "d"]) == ["1"] * 4
        assert answers(asked, ["a", "b", "c", "d"]) == ["1"] * 4
        assert 1 <= len(failing.calls) <= 4


def test_without_any_server_all_calls_are_refused_with_the_cause() -> None:
    with pytest.raises(ModelRefusedRequest, match=r"None of the 2 replicas.*run the same command again.*out of memory"):
        answers(model(Given(NOWHERE), Given(NOWHERE)), ["a"])
