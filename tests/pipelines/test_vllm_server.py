"""Policies of the loop behind a vLLM server: a real one, where it is installed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import real_vllm
from chat_families import FAMILIES, save_family
from chat_tokenizers import CHATML, LLAMA_3, chat_tokenizer
from language_models.fake_server import Call, FakeServer, Reply, says

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.alfworld.instructions import INSTRUCTIONS
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import transport
from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.vllm_server import ServingParameters, serve, server_command
from leap_kedro.policies.folder import load_tokenizer
from leap_kedro.policies.vllm_process import ServingFailed
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.messages import GENERAL_RULES
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, templated
from leap_kedro.records import Episode, Example, StopReason, Target
from leap_kedro.training.examples import rows_of

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
LOOK = {"structured_outputs": {"regex": "REASON: I look around\\.\nACTION: look"}}
"""Field of a request that makes vLLM answer so, whatever the weights."""


def saved(folder: Path, template: str = LLAMA_3) -> SavedPolicy:
    chat_tokenizer(template, ["You are in the middle of a room. go to desk 1"]).save_pretrained(folder)
    return SavedPolicy("base", -1, folder)


def played(policy: SavedPolicy, server: ServingParameters | None, tasks: int = 2, **how: Any) -> list[Episode]:
    given: dict[str, Any] = {"max_actions": 2, "hold_to_admissible": False, "max_reply_tokens": 40, **how}
    drawn = make_benchmark(SPEC).tasks("train", tasks, 0)
    episodes = play(policy, SPEC, drawn, PlayParameters(**given), 0.0, 0, 1, "test", serving=server)
    return sorted(episodes, key=lambda episode: episode.task.id)


def said(episodes: list[Episode]) -> list[tuple[str, int, int]]:
    """Replies, without the half of a character at their end (which vLLM drops), and numbers of tokens."""
    steps = [step for episode in episodes for step in episode.steps]
    return [(step.reply.rstrip("\ufffd"), step.prompt_tokens, step.reply_tokens) for step in steps]


@pytest.mark.parametrize(
    ("command", "started"),
    [
        ("vllm", ["vllm", "serve", "weights"]),
        ("env/bin/python -m vllm.entrypoints.openai.api_server", ["--model", "weights"]),
    ],
)
def test_the_program_and_the_module_are_told_the_folder(command: str, started: list[str]) -> None:
    how = ServingParameters(command=command, arguments=("--dtype", "float32"))
    words = server_command(Path("weights"), 12, how, 8000)
    assert words[: words.index("--host")][-len(started) :] == started
    assert words[words.index("--enable-lora") :] == ["--enable-lora", "--max-lora-rank", "16", "--dtype", "float32"]
    assert "--enable-lora" not in server_command(Path("weights"), None, how, 8000)


def test_an_adapter_is_loaded_for_the_calls_and_unloaded(tmp_path: Path) -> None:
    """The calls of a server's client in their order; what a server makes of them is tested below."""
    policy = saved(tmp_path / "pi_1")
    (policy.folder / "adapter").mkdir()
    (policy.folder / "adapter/adapter_config.json").write_text('{"r": 12}')
    (policy.folder / "adapter/base.json").write_text(json.dumps({"folder": str(tmp_path / "base"), "sha256": ""}))
    (tmp_path / "base").mkdir()

    def answer(call: Call) -> Reply:
        cards = [{"id": "served", "root": str(tmp_path / "base")}]
        return Reply(json.dumps({"data": cards}).encode()) if call.path.endswith("models") else says("ACTION: look")

    with FakeServer(answer) as server:
        played(policy, ServingParameters(base_url=server.base_url), tasks=1)
    models, load, first, second, unload = server.calls
    name = load.body["lora_name"]
    assert load.body == {"lora_name": name, "lora_path": str(policy.folder / "adapter")}
    assert (first.body["model"], second.body["model"], unload.body) == (name, name, {"lora_name": name})
    assert [call.path.removeprefix("/v1/") for call in (models, load, first, unload)] == [
        "models",
        "load_lora_adapter",
        "chat/completions",
        "unload_lora_adapter",
    ]


def test_the_embedded_student_is_not_served(tiny_base: Path) -> None:
    with pytest.raises(ServingFailed, match=r"embedded student.*bootstrap.base"):
        played(SavedPolicy("pi_0", 0, tiny_base), ServingParameters())


DATED = "{{ strftime_now('%d %B %Y') }}" + CHATML


@pytest.mark.parametrize(
    ("template", "more", "refusal"),
    [
        (DATED, {"base_url": "http://127.0.0.1:9/v1"}, "date or time"),
        (
            LLAMA_3,
            {"extra": {"chat_template_kwargs": {"date_string": "1 Jan 2030"}}},
            r"extra\.chat_template_kwargs",
        ),
    ],
)
def test_prompts_that_a_server_would_date_otherwise_are_not_served(
    tmp_path: Path, template: str, more: dict[str, Any], refusal: str
) -> None:
    policy = saved(tmp_path / "base", CHATML if template.endswith(CHATML) else template)
    (policy.folder / "chat_template.jinja").write_text(template)
    with pytest.raises(ServingFailed, match=refusal) as refused:
        played(policy, ServingParameters(**more))
    assert "`serving` to null" in str(refused.value)


@pytest.mark.parametrize("template", [DATED, "{{ strftime_now('%H') | int > 12 }}" + CHATML])
def test_a_started_server_gets_the_day_of_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    policy = saved(tmp_path / "base", CHATML)
    (policy.folder / "chat_template.jinja").write_text(template)
    given: list[str] = []

    @contextmanager
    def running(command: list[str], *_: object) -> Iterator[None]:
        given.append(Path(command[command.index("--chat-template") + 1]).read_text(encoding="utf-8"))
        yield

    monkeypatch.setattr("leap_kedro.policies.vllm_process.running_server", running)
    monkeypatch.setattr("leap_kedro.policies.vllm.model_of", lambda *_: nullcontext("base"))
    with serve(policy, ServingParameters(), "alfworld", 40):
        pass
    tokenizer, asked = load_tokenizer(policy.folder), [{"role": "user", "content": "Go."}]
    assert tokenizer.apply_chat_template(asked, chat_template=given[0], tokenize=False) == templated(tokenizer, asked)


def served(template: str, folder: Path, how: dict[str, Any] | None = None, **more: int) -> list[dict[str, Any]]:
    """Requests to a running server of a policy with this chat template."""
    policy = saved(folder, CHATML)
    (policy.folder / "chat_template.jinja").write_text(template)

    def answer(call: Call) -> Reply:
        cards = [{"id": "served", "root": str(policy.folder)}]
        return Reply(json.dumps({"data": cards}).encode()) if call.path.endswith("models") else says("ACTION: look")

    with FakeServer(answer) as server:
        played(policy, ServingParameters(base_url=server.base_url, **how or {}), tasks=1, **more)
    return [call.body for call in server.calls if call.path.endswith("completions")]


def test_rules_begin_the_first_message_if_the_template_has_no_place_for_them(tmp_path: Path) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHATML
    for body in served(refusing, tmp_path):
        assert [message["role"] for message in body["messages"][:2]] in (["user"], ["user", "assistant"])
        assert body["messages"][0]["content"].startswith(GENERAL_RULES)


def test_thoughts_are_asked_for_and_added_to_the_longest_reply(tmp_path: Path) -> None:
    thinker = CHATML + "{% if add_generation_prompt and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    for thoughts in (0, 100):
        for body in served(thinker, tmp_path, max_thought_tokens=thoughts):
            assert body["max_tokens"] == 40 + thoughts
            assert body["chat_template_kwargs"]["enable_thinking"] == (thoughts > 0)


def test_the_day_is_sent_beside_other_options_of_a_template(tmp_path: Path) -> None:
    for body in served(LLAMA_3, tmp_path, {"extra": {"chat_template_kwargs": {"custom": 1}}}):
        assert body["chat_template_kwargs"] == {**TEMPLATE_OPTIONS, "custom": 1}


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(ServingFailed, match="does not answer"):
        played(saved(tmp_path / "base"), ServingParameters(base_url="http://127.0.0.1:9/v1"))


def check_prompt_tokens(folder: Path, how: ServingParameters, patch: pytest.MonkeyPatch) -> None:
    """Check that a server's prompts are those of training, token for token."""
    answers: list[dict[str, Any]] = []

    def read(body: bytes) -> Any:
        answers.append(json.loads(body))
        return read_answer(body)

    read_answer = transport.read_answer
    patch.setattr(transport, "read_answer", read)
    told = how.model_copy(update={"extra": {"return_token_ids": True, **LOOK}})
    episodes = played(SavedPolicy("base", -1, folder), told)
    assert [[step.action for step in episode.steps] for episode in episodes] == [["look", "look"]] * 2
    renderer = ChatRenderer(load_tokenizer(folder), INSTRUCTIONS)
    trained = {
        row.ids[: row.weights.index(1.0)]
        for episode in episodes
        for row in rows_of(Example.of(episode, [Target(step, "I look around.", "look") for step in (0, 1)]), renderer)
    }
    assert len(trained) == 4
    assert {tuple(answer["prompt_token_ids"]) for answer in answers} == trained


@pytest.mark.vllm
@pytest.mark.slow
class TestVllm:
    """One server of the tiny chat model, with adapters, for all."""

    def test_prompts_are_those_of_training_token_for_token(
        self, vllm_url: str, tiny_chat: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        check_prompt_tokens(tiny_chat, ServingParameters(base_url=vllm_url), monkeypatch)

    def test_a_started_server_writes_the_day_of_training_and_no_thoughts(
        self, vllm_command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes = {"num_hidden_layers": 4, "hidden_size": 64, "head_dim": 64, "num_attention_heads": 2}
        monkeypatch.setitem(FAMILIES, "smollm3", replace(FAMILIES["smollm3"], sizes=sizes))
        save_family("smollm3", ["You are in the middle of a room. go to desk 1"], tmp_path)
        check_prompt_tokens(tmp_path, real_vllm.parameters(command=vllm_command), monkeypatch)

    @pytest.mark.parametrize("device", ["cpu"], indirect=True)  # in bfloat16, rounding decides between tokens
    def test_an_adapter_answers_as_its_merged_weights_do_in_this_process(
        self, vllm_url: str, tiny_chat: Path, tmp_path: Path
    ) -> None:
        base = SavedPolicy("base", -1, tiny_chat)
        policy = real_vllm.with_random_adapter("pi_1", tiny_chat, tmp_path)
        how = ServingParameters(base_url=vllm_url)
        local, served = played(policy, None), played(policy, how)
        assert said(served) == said(local)
        assert said(played(base, how)) == said(played(base, None)) != said(local)

    def test_a_running_server_has_afterwards_what_it_had_before(
        self, vllm_url: str, tiny_chat: Path, tmp_path: Path
    ) -> None:
        before = real_vllm.served_models(vllm_url)
        policy = real_vllm.with_random_adapter("pi_1", tiny_chat, tmp_path)
        played(policy, ServingParameters(base_url=vllm_url))
        assert real_vllm.served_models(vllm_url) == before

    def test_other_weights_are_refused(self, vllm_url: str, tiny_chat: Path, tmp_path: Path) -> None:
        how = ServingParameters(base_url=vllm_url)
        stranger = saved(tmp_path / "stranger")
        with pytest.raises(ServingFailed, match=f"serves .*{tiny_chat}.*, not {stranger.folder}"):
            played(stranger, how)
        wide = real_vllm.with_random_adapter("pi_1", tiny_chat, tmp_path / "wide", rank=64)
        with pytest.raises(ServingFailed, match=r"refuses POST .*load_lora_adapter.*rank(?s:.*)--max-lora-rank"):
            played(wide, how)
        with pytest.raises(ServingFailed, match=f"not {wide.folder}"):
            played(wide, ServingParameters(base_url=vllm_url, adapters=False))

    def test_a_conversation_that_does_not_fit_ends_alone(self, vllm_url: str, tiny_chat: Path) -> None:
        how = ServingParameters(base_url=vllm_url, extra=LOOK)
        (episode,) = played(SavedPolicy("base", -1, tiny_chat), how, tasks=1, max_actions=100)
        assert episode.stop is StopReason.TOKEN_LIMIT
        assert len(episode.steps) > 5
