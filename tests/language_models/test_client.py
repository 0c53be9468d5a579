"""A language model over real HTTP: answers, faults, what is counted, kept and said."""

import asyncio
import email.utils
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from pydantic import SecretStr, ValidationError

from leap_kedro.language_models import (
    Access,
    BudgetParameters,
    BudgetSpent,
    Completion,
    Finish,
    LanguageModel,
    LanguageModelError,
    Message,
    ModelParameters,
    ModelRefusedRequest,
    ModelUnavailable,
    Price,
    PromptTooLong,
    Request,
    RequestRejected,
    Role,
    client,
    in_order,
)
from leap_kedro.language_models.errors import PriceUnknown

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
CANARY = "sk-canary-0123456789abcdef"
JSON = {"content-type": "application/json"}
PRICES = {"fake": Price(prompt=2.0, cached=1.0, completion=10.0)}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)


def ask(text: str, **more: object) -> Request:
    return Request((Message(Role.SYSTEM, "Be short."), Message(Role.USER, text)), **more)  # type: ignore[arg-type]


def model_of(server: FakeServer, access: Access | None = None, budget: BudgetParameters | None = None, **parameters):
    return LanguageModel(
        ModelParameters(base_url=server.base_url, model="fake", **parameters), access or Access(), budget
    )


def answer(script, request: Request | None = None, **parameters) -> tuple[Completion, FakeServer]:
    with FakeServer(script) as server:
        return in_order(model_of(server, **parameters).complete, [request or ask("hello")], 1)[0], server


def test_an_answer_with_its_tokens_and_price() -> None:
    found, server = answer(
        [says("hi", tokens=(1000, 100), cached_tokens=400)], access=Access(prices=PRICES), seed=7, extra={"top_p": 0.5}
    )

    assert found == Completion("hi", Finish.STOP, 1000, 100, pytest.approx(0.0026), cached=False)
    (call,) = server.calls
    assert call.path == "/v1/chat/completions"
    assert call.body == {
        "model": "fake",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hello"}],
        "max_tokens": 2048,
        "temperature": 0.0,
        "seed": 7,
        "top_p": 0.5,
    }


def test_a_request_overrides_the_parameters() -> None:
    _, server = answer([says("hi")], ask("hello", max_tokens=5, temperature=1.0, seed=3))

    assert {name: server.calls[0].body[name] for name in ("max_tokens", "temperature", "seed")} == {
        "max_tokens": 5,
        "temperature": 1.0,
        "seed": 3,
    }


def test_an_unknown_price_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with FakeServer([says("hi")]) as server:
        found = in_order(model_of(server).complete, [ask("a"), ask("b")], 2)

    assert [each.dollars for each in found] == [None, None]
    assert [record.message for record in caplog.records if "prices.yml" in record.message] == [
        "The cost of 'fake' is unknown: conf/base/prices.yml has no price for it."
    ]


@pytest.mark.parametrize(
    "fault",
    [
        fails(429, "slow down"),
        fails(408),
        fails(409),
        fails(500),
        fails(503),
        Reply(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"}),
        Reply(b"<html>Welcome</html>", 200, {"content-type": "text/html"}),
        says("late", delay=2.0),
        Reply(says("half a body").body, cut=40),
        Reply(b"", drop=True),
        Reply(b'{"choices": [{"mess', headers=JSON),
        Reply(b"[" * 100_000, headers=JSON),
        Reply(b'{"choices": []}', headers=JSON),
        Reply(b'{"choices": [{"message": null}]}', headers=JSON),
        Reply(b"[1, 2]", headers=JSON),
        Reply(b"\xff\xfe", headers=JSON),
    ],
    ids=lambda fault: f"{fault.status}-{fault.body[:30]!r}-{fault.drop}"[:40],
)
def test_a_failure_that_may_pass_is_tried_again(fault: Reply) -> None:
    found, server = answer([fault, fault, says("hi")], timeout=0.3, retries=2)

    assert (found.text, len(server.calls)) == ("hi", 3)


@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_honoured(dated: bool) -> None:
    wanted = email.utils.formatdate(time.time() + 2, usegmt=True) if dated else "1"

    _, server = answer([fails(429, retry_after=wanted), says("hi")])

    # A date has whole seconds: up to one of the two is lost.
    assert 0.95 <= server.calls[1].time - server.calls[0].time < 3.0


def test_a_wait_of_hours_is_not_waited_for() -> None:
    with pytest.raises(ModelUnavailable, match=r"asks to wait 7200 s\. Run the same command again"):
        answer([fails(429, retry_after="7200")])


def test_after_all_tries_the_model_is_unavailable() -> None:
    with FakeServer([fails(500, "boom")]) as server:
        with pytest.raises(ModelUnavailable, match=r"'fake': HTTP 500: boom \(3 tries\)") as caught:
            in_order(model_of(server, retries=2).complete, [ask("hello")], 1)
        assert server.base_url in str(caught.value)
        assert len(server.calls) == 3


def test_a_server_that_is_not_there() -> None:
    with FakeServer([]) as server:
        pass
    with pytest.raises(ModelUnavailable, match="the connection failed"):
        in_order(model_of(server, retries=1).complete, [ask("hello")], 1)


@pytest.mark.parametrize(
    ("reply", "finish", "text"),
    [
        (says(None, refusal="I will not."), Finish.REFUSAL, "I will not."),
        (says("I wi", finish="length"), Finish.LENGTH, "I wi"),
        (says(None, finish="content_filter"), Finish.CONTENT_FILTER, ""),
        (says(""), Finish.STOP, ""),
        (says(None, thoughts="hm"), Finish.STOP, ""),
        (says("<think>hm"), Finish.STOP, "<think>hm"),
        (fails(400, "The prompt was filtered", code="content_filter"), Finish.CONTENT_FILTER, ""),
    ],
)
def test_refused_and_cut_answers_are_told_and_not_kept(reply: Reply, finish: Finish, text: str, tmp_path: Path) -> None:
    with FakeServer([reply]) as server:
        model = model_of(server, Access(cache=tmp_path))
        found = [in_order(model.complete, [ask("hello")], 1)[0] for _ in range(2)]

    assert [(each.finish, each.text, each.cached) for each in found] == [(finish, text, False)] * 2
    assert len(server.calls) == 2
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (fails(401, "Incorrect API key"), ModelRefusedRequest, r"credentials\.yml, or OPENAI_API_KEY"),
        (fails(404, "no such model"), ModelRefusedRequest, r"'fake': it is unknown there \(HTTP 404: no such model\)"),
        (fails(429, "Pay", code="insufficient_quota"), ModelRefusedRequest, "no credit is left .*Pay"),
        (fails(400, "Too much", code="context_length_exceeded"), PromptTooLong, "HTTP 400: Too much"),
        (fails(400, "it exceeds the available context size (4096 tokens)"), PromptTooLong, "HTTP 400: it exceeds"),
        (fails(400, "What?"), RequestRejected, "HTTP 400: What?"),
        (Reply(b"", 413), PromptTooLong, "HTTP 413"),
    ],
)
def test_what_no_further_try_can_mend_is_said_at_once(fault: Reply, error: type[LanguageModelError], said: str) -> None:
    with FakeServer([fault]) as server:
        with pytest.raises(error, match=said) as caught:
            in_order(model_of(server).complete, [ask("hello")], 1)
        assert server.base_url in str(caught.value)
        assert len(server.calls) == 1


def knows(*forms: str):
    """A server that understands only these kinds of `response_format`."""

    def script(call: Call) -> Reply:
        form = call.body.get("response_format", {"type": "none"})["type"]
        return says('{"a": 1}') if form in forms else fails(400, f"response_format of type {form} is not supported")

    return script


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (("json_schema",), ["json_schema", "json_schema"]),
        (("json_object",), ["json_schema", "json_object", "json_object"]),
        (("none",), ["json_schema", "json_object", "none", "none"]),
    ],
)
def test_a_server_without_schemas_is_asked_as_it_can_and_that_is_remembered(
    known: tuple[str, ...], asked: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer(knows(*known)) as server:
        model = model_of(server)
        found = [in_order(model.complete, [ask(text, schema=SCHEMA)], 1)[0].text for text in "ab"]

    assert found == ['{"a": 1}'] * 2
    forms = [call.body.get("response_format", {"type": "none"}) for call in server.calls]
    assert [form["type"] for form in forms] == asked
    assert forms[0]["json_schema"]["schema"] == SCHEMA
    assert ['"required": ["a"]' in prompt for prompt in server.prompts()] == [form != "json_schema" for form in asked]
    assert sum("rejects a field" in record.message for record in caplog.records) == len(asked) - 2


def test_many_calls_at_once_learn_together(caplog: pytest.LogCaptureFixture) -> None:
    with FakeServer(knows("none")) as server:
        found = in_order(model_of(server).complete, [ask(str(n), schema=SCHEMA) for n in range(16)], 16)

    assert len(found) == 16
    assert sum("rejects a field" in record.message for record in caplog.records) == 2


def test_the_way_that_the_user_chose_stays() -> None:
    with pytest.raises(ModelRefusedRequest, match="Set `structured: auto`"):
        answer(knows("none"), ask("hello", schema=SCHEMA), structured="json_object")


BOUNDED = {
    "object": "error",
    "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "No"}]},
}


@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ("temperature", fails(400, "Unsupported value: 'temperature' does not support 0.5 with this model.")),
        ("temperature", Reply(b'{"detail": "temperature must be 1"}', 422, JSON)),
        ("seed", Reply(json.dumps(BOUNDED).encode(), 422, JSON)),
        ("seed", Reply(b'{"error": {"message": "Not supported", "param": "seed", "code": 400}}', 200, JSON)),
        ("seed", Reply(b'{"error": "unknown field: seed"}', 400, JSON)),
        ("seed", Reply(b'[{"error": {"message": "Unknown name \\"seed\\"", "code": 400}}]', 400, JSON)),
        ("temperature", fails(400, "Temperature is deprecated for this model")),
        ("temperature", fails(400, "\u53c2\u6570temperature\u4e0d\u652f\u6301")),
    ],
)
def test_a_field_that_a_server_refuses_is_left_out_and_that_is_said_once(
    field: str, refusal: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer(lambda call: refusal if field in call.body else says("hi")) as server:
        model = model_of(server, temperature=0.5, seed=7)
        found = in_order(model.complete, [ask("a"), ask("b")], 1)
    assert [each.text for each in found] == ["hi", "hi"]
    assert len(server.calls) == 3
    assert {"temperature", "seed"} & {*server.calls[-1].body} == {"temperature", "seed"} - {field}
    assert len([record for record in caplog.records if f"`{field}` is omitted" in record.message]) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        fails(400, "System role not supported"),
        fails(400, "Unsupported value: 'messages[0].role' does not support 'system' with this model."),
        fails(400, "Developer instruction is not enabled for models/gemma-3-1b-it"),
        fails(500, "Jinja exception: System role not supported"),
        Reply(b'{"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be \'user\'"}]}', 422, JSON),
    ],
)
def test_rules_move_into_the_first_user_message_where_there_is_no_system_role(refusal: Reply) -> None:
    def script(call: Call) -> Reply:
        return refusal if call.body["messages"][0]["role"] == "system" else says("hi")

    found, server = answer(script)
    assert found.text == "hi"
    assert server.calls[-1].body["messages"] == [{"role": "user", "content": "Be short.\n\nhello"}]


def test_a_server_that_refuses_much_is_asked_with_little() -> None:
    def script(call: Call) -> Reply:
        for name in ("max_tokens", "temperature", "seed", "response_format"):
            if name in call.body:
                return fails(400, f"Unsupported parameter: '{name}' is not supported with this model.")
        return says('{"a": 1}')

    found, server = answer(script, ask("hello", schema=SCHEMA), seed=3)
    assert found.text == '{"a": 1}'
    assert {*server.calls[-1].body} == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize("status", [400, 422])
def test_a_complaint_that_nothing_helps_against_is_shown_with_its_status_and_field(status: int) -> None:
    with pytest.raises(
        RequestRejected, match=rf"HTTP {status}: Unknown field top_k.*`extra\.top_k`.*null leaves it out"
    ):
        answer([fails(status, "Unknown field top_k")], extra={"top_k": 5})


def test_a_length_that_is_too_large_is_named_by_its_parameter() -> None:
    with pytest.raises(RequestRejected, match=r"at most 64.*`max_tokens`"):
        answer([fails(400, "max_tokens is too large: 2048. This model takes at most 64.")])


def test_null_in_extra_leaves_a_field_out() -> None:
    _, server = answer([says("hi")], extra={"temperature": None, "top_p": 0.5})
    assert {*server.calls[0].body} == {"model", "messages", "max_tokens", "top_p"}


@pytest.mark.parametrize(
    ("tree", "error", "said"),
    [
        ({"error": {"message": "Slow down", "code": 429}}, ModelUnavailable, "HTTP 429: Slow down"),
        (
            {"error": {"message": "Slow down", "type": "rate_limit_error"}, "choices": None},
            ModelUnavailable,
            "HTTP 429",
        ),
        ({"error": {"message": "No auth", "code": 401}}, ModelRefusedRequest, "HTTP 401: No auth"),
        ({"error": {"message": "Who?", "code": "invalid_api_key"}}, ModelRefusedRequest, "HTTP 401: Who"),
        ({"error": {"message": "None", "code": "404"}}, ModelRefusedRequest, "unknown there .HTTP 404"),
        ({"error": {"message": "x", "code": "context_length_exceeded"}}, PromptTooLong, "HTTP 400: x"),
        ({"error": "It broke."}, ModelUnavailable, "'fake': It broke"),
        ({"code": 1113, "msg": "Insufficient balance"}, ModelRefusedRequest, "Top the account up"),
        ({"base_resp": {"status_msg": "login fail"}, "choices": None}, ModelUnavailable, "login fail"),
        ({"object": "error", "message": "What?", "code": 400}, RequestRejected, "HTTP 400: What"),
        (
            {"choices": [{"error": {"code": 502, "message": "Gone"}, "message": {"content": "REA"}}]},
            ModelUnavailable,
            "502",
        ),
    ],
)
def test_an_error_that_comes_with_status_200_is_what_it_says(tree: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        answer([Reply(json.dumps(tree).encode(), headers=JSON)], retries=1)


@pytest.mark.parametrize("masked", ["sk-canary***", "sk-canar****89abcdef", "****89abcdef"])
def test_a_key_that_a_server_masks_in_part_is_not_shown(masked: str) -> None:
    with pytest.raises(ModelRefusedRequest) as caught:
        answer([fails(401, f"Incorrect API key provided: {masked}.")], access=Access(api_key=SecretStr(CANARY)))
    assert not {"canar", "abcdef"} & {part for part in ("canar", "abcdef") if part in str(caught.value)}


@pytest.mark.parametrize("status", [400, 401, 403, 407])
def test_a_page_in_place_of_an_answer_is_said_to_be_one(status: int) -> None:
    page = Reply(
        b"<!-- cf --><!DOCTYPE html><html><head><title>Just a moment...</title>", status, {"content-type": "text/html"}
    )
    with pytest.raises(ModelRefusedRequest, match=rf"HTTP {status}: an HTML page titled 'Just a moment") as caught:
        answer([page])
    assert "key" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://127.0.0.1:9", "ftp://no"])
@pytest.mark.parametrize("variable", ["ALL_PROXY", "http_proxy"])
def test_a_server_on_this_machine_is_never_asked_by_a_proxy(
    variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    assert answer([says("hi")])[0].text == "hi"


@pytest.mark.parametrize(
    "proxy", ["socks5://me:secret@127.0.0.1:9", "ftp://me:secret@127.0.0.1", "http://me:secret@127.0.0.1:9"]
)
def test_an_unusable_proxy_is_named_by_its_variable(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    model = LanguageModel(ModelParameters(base_url="http://192.0.2.1/v1", model="fake", retries=0), Access())
    with pytest.raises(LanguageModelError, match="ALL_PROXY") as caught:
        in_order(model.complete, [ask("hello")], 1)
    assert "secret" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_named_by_their_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    model = LanguageModel(ModelParameters(base_url="https://192.0.2.1/v1", model="fake", retries=0), Access())
    with pytest.raises(LanguageModelError, match=r"SSL_CERT_FILE.*/nowhere/certificates\.pem"):
        in_order(model.complete, [ask("hello")], 1)


def test_servers_that_want_max_completion_tokens_get_it() -> None:
    def script(call: Call) -> Reply:
        wrong = "max_tokens" in call.body
        return fails(400, "Use 'max_completion_tokens' instead of 'max_tokens'.") if wrong else says("hi")

    found, server = answer(script)

    assert (found.text, server.calls[-1].body["max_completion_tokens"]) == ("hi", 2048)


def test_no_more_calls_in_flight_than_allowed() -> None:
    with FakeServer(lambda _: says("hi", delay=0.03)) as server:
        in_order(model_of(server, concurrency=3).complete, [ask(str(n)) for n in range(12)], 12)

    assert server.most_at_once == 3


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    access = Access(prices=PRICES, cache=tmp_path)
    with FakeServer([says("hi", delay=0.05)]) as server:
        first, twin = in_order(model_of(server, access).complete, [ask("hello"), ask("hello")], 2)
        again = in_order(model_of(server, access, concurrency=1, timeout=9).complete, [ask("hello")], 1)[0]
        others = [ask("hello", seed=1), ask("hello", temperature=0.5), ask("hello", schema=SCHEMA), ask("hallo")]
        different = in_order(model_of(server, access).complete, others, 1)
    with FakeServer([says("from another server")]) as other:
        elsewhere = in_order(model_of(other, access).complete, [ask("hello")], 1)[0]

    assert first == Completion("hi", Finish.STOP, 100, 10, pytest.approx(0.0003), cached=False)
    assert twin == again == Completion("hi", Finish.STOP, 100, 10, 0.0, cached=True)
    assert not any(each.cached for each in different)
    assert (elsewhere.text, elsewhere.cached) == ("from another server", False)
    assert len(server.calls) == 5
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json"))
    assert len(names) == 6
    assert all(name.split("/")[1].startswith(name.split("/")[0]) for name in names)


@pytest.mark.parametrize("damage", [b"", b'{"answer": {"te', b"null", b'{"answer": {}}', b"\xff"])
def test_a_damaged_answer_on_disk_is_asked_for_again(tmp_path: Path, damage: bytes) -> None:
    with FakeServer([says("hi")]) as server:
        for _ in range(2):
            found = in_order(model_of(server, Access(cache=tmp_path)).complete, [ask("hello")], 1)[0]
            assert (found.text, found.cached) == ("hi", False)
            next(tmp_path.rglob("*.json")).write_bytes(damage)

    assert len(server.calls) == 2


def test_half_a_surrogate_pair_can_be_kept(tmp_path: Path) -> None:
    with FakeServer([says("a\ud800b")]) as server:
        model = model_of(server, Access(cache=tmp_path))
        found = [in_order(model.complete, [ask("hello")], 1)[0] for _ in range(2)]

    assert [(each.text, each.cached) for each in found] == [("a?b", False), ("a?b", True)]


def test_a_budget_of_calls_is_never_passed(tmp_path: Path) -> None:
    access = Access(cache=tmp_path)
    with FakeServer([says("hi", delay=0.02)]) as server:
        requests = [ask(str(number)) for number in range(8)]
        budget = BudgetParameters(calls=5)
        with pytest.raises(BudgetSpent, match=r"5 calls to 'fake' is spent .*`budget.calls`"):
            in_order(model_of(server, access, budget).complete, requests, 8)
        assert len(server.calls) == 5
        found = in_order(model_of(server, access, budget).complete, requests, 8)

    assert (sum(each.cached for each in found), len(server.calls)) == (5, 8)


def test_failed_calls_are_no_part_of_the_budget() -> None:
    found, server = answer([fails(500), says("hi")], budget=BudgetParameters(calls=1))

    assert (found.text, len(server.calls)) == ("hi", 2)


def test_a_budget_of_dollars_is_never_passed() -> None:
    # A call costs 0.0003 dollars, and at most 0.001 for 100 tokens of answer and some for the bytes of the prompt.
    access = Access(prices=PRICES)
    with FakeServer([says("hi", delay=0.01)]) as server:
        model = model_of(server, access, BudgetParameters(dollars=0.0045), max_tokens=100)
        with pytest.raises(BudgetSpent, match=r"0\.0045 dollars for 'fake' 0\.00\d\d are spent, and the next"):
            in_order(model.complete, [ask(str(number)) for number in range(30)], 8)

    assert 9 <= len(server.calls) <= 15


def test_an_answer_without_usage_is_billed_at_the_most_it_can_cost() -> None:
    with FakeServer([says("hi", tokens=None)]) as server:
        model = model_of(server, Access(prices=PRICES), BudgetParameters(dollars=0.005), max_tokens=300)
        with pytest.raises(BudgetSpent):
            in_order(model.complete, [ask(str(number)) for number in range(3)], 1)

    assert len(server.calls) == 1


def test_a_budget_in_dollars_needs_a_price() -> None:
    with pytest.raises(PriceUnknown, match=r"'fake' is unknown: add it to conf/base/prices\.yml, .*`budget\.dollars`"):
        LanguageModel(ModelParameters(model="fake"), Access(), BudgetParameters(dollars=1.0))


@pytest.mark.parametrize(
    "url", ["http://me:secret@host/v1", "https://host/v1?api_key=secret", "ftp://host/v1", "no url"]
)
def test_a_base_url_with_secrets_in_it_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ModelParameters(base_url=url, model="fake")


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4o-2024-08-06"])
def test_a_dated_model_has_the_price_of_the_undated(name: str) -> None:
    LanguageModel(ModelParameters(model=name), Access(prices={"gpt-4o": PRICES["fake"]}), BudgetParameters(dollars=1.0))


def echo(status: int):
    """A careless server, which says the key that it was sent."""

    def script(call: Call) -> Reply:
        said = f"{'x' * 480} {call.headers['authorization']}"
        return says(said) if status == 200 else fails(status, said)

    return script


@pytest.mark.parametrize("status", [200, 400, 401, 404, 413, 429, 500])
def test_the_key_is_found_nowhere(status: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    access = Access(api_key=SecretStr(CANARY), cache=tmp_path)
    texts = [repr(access)]
    with FakeServer(echo(status)) as server:
        model = model_of(server, access, retries=1)
        try:
            texts.append(repr(in_order(model.complete, [ask("hello")], 1)))
        except LanguageModelError as error:
            while error is not None:
                texts.append(f"{error!r} {error} {vars(error)}")
                error = error.__cause__ or error.__context__  # type: ignore[assignment]

    assert server.calls[0].headers["authorization"] == f"Bearer {CANARY}"
    assert len(texts) >= 2
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == (status == 200)
    # Not even half of it, where a long text was cut.
    assert CANARY[:12] not in "".join([*texts, *kept, caplog.text])


CHILD = """
import sys
from pathlib import Path
from leap_kedro.language_models import *

model = LanguageModel(ModelParameters(base_url=sys.argv[1], model="fake"), Access(cache=Path(sys.argv[2])))
requests = [Request((Message(Role.USER, f"question {number}"),)) for number in range(40)]
for completion in as_completed(model.complete, requests, 4):
    print(completion.cached, flush=True)
"""


def test_killed_and_run_again_no_answered_call_is_repeated(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, "URL", str(tmp_path)]
    with FakeServer(lambda _: says("hi", delay=0.03)) as server:
        command[3] = server.base_url
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(15):
            child.stdout.readline()
        child.kill()
        child.wait()
        answered = len(list(tmp_path.rglob("*.json")))
        asked_first = len(server.calls)
        second = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert 15 <= answered <= asked_first < 40
    assert (second.count("True"), second.count("False")) == (answered, 40 - answered)
    assert len(server.calls) == asked_first + 40 - answered


def test_another_event_loop_may_be_used() -> None:
    with FakeServer([says("hi")]) as server:
        assert asyncio.run(model_of(server).complete(ask("hello"))).text == "hi"
