"""Policies of the loop behind a vLLM server: a program in another process that speaks as vLLM does, over real HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_tokenizers import CHATML, LLAMA_3, chat_tokenizer
from pipelines.stages import run, small_catalog, small_parameters

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.alfworld.instructions import INSTRUCTIONS
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines import bootstrap, data_preparation, rollout
from leap_kedro.pipelines.playing import play
from leap_kedro.pipelines.rollout.parameters import PlayParameters
from leap_kedro.pipelines.vllm_server import ServingParameters, serve
from leap_kedro.policies.folder import load_tokenizer
from leap_kedro.policies.protocol import PolicyStopped
from leap_kedro.policies.vllm_process import ServingFailed, free_port
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.messages import GENERAL_RULES
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, templated, templated_ids
from leap_kedro.records import Episode, Example, Target
from leap_kedro.rehearsal.stand_in import write_stand_in
from leap_kedro.training.examples import rows_of

pytestmark = pytest.mark.slow

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
FAKE = Path(__file__).parents[1] / "policies" / "fake_vllm.py"
PROGRAM = f"{sys.executable} {FAKE}"


@pytest.fixture(params=[LLAMA_3, CHATML], ids=["llama3", "chatml"])
def chat_policy(request: pytest.FixtureRequest, tmp_path: Path) -> SavedPolicy:
    return saved(tmp_path / "base", request.param)


def saved(folder: Path, template: str = LLAMA_3) -> SavedPolicy:
    chat_tokenizer(template, ["You are in the middle of a room. go to desk 1"]).save_pretrained(folder)
    return SavedPolicy("base", -1, folder)


def trained_by_lora(folder: Path, base: SavedPolicy, rank: int = 12) -> SavedPolicy:
    saved(folder)
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps({"r": rank}))
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter" / "base.json").write_text(json.dumps({"folder": str(base.folder), "sha256": ""}))
    return SavedPolicy("pi_1", 1, folder)


def played(policy: SavedPolicy, server: ServingParameters, tasks: int = 2, **more: int) -> list[Episode]:
    how = PlayParameters(max_actions=2, hold_to_admissible=False, max_reply_tokens=40, **more)
    drawn = make_benchmark(SPEC).tasks("train", tasks, 0)
    return list(play(policy, SPEC, drawn, how, 0.3, 0, 1, "test", serving=server))


def fake(*arguments: str, **more: Any) -> ServingParameters:
    return ServingParameters(command=PROGRAM, arguments=arguments, ready_timeout=more.pop("ready_timeout", 30), **more)


def calls(path: Path, endpoint: str) -> list[dict[str, Any]]:
    logged = [json.loads(line) for line in path.read_text().splitlines()]
    return [call["body"] for call in logged if call["path"] == f"/v1/{endpoint}"]


def wait_until(true: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_prompts_of_a_server_are_those_of_training_token_for_token(chat_policy: SavedPolicy, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    episodes = played(chat_policy, fake("--calls", str(log)))
    assert [[step.action for step in episode.steps] for episode in episodes] == [["look", "look"]] * 2
    assert {episode.policy for episode in episodes} == {"base"}
    asked = calls(log, "chat/completions")
    assert {(body["model"], body["max_tokens"], body["temperature"]) for body in asked} == {
        (str(chat_policy.folder), 40, 0.3)
    }
    from transformers import AutoTokenizer

    renderer = ChatRenderer(AutoTokenizer.from_pretrained(chat_policy.folder), INSTRUCTIONS)
    trained = {
        row.ids[: row.weights.index(1.0)]
        for episode in episodes
        for row in rows_of(Example.of(episode, [Target(step, "I look.", "look") for step in (0, 1)]), renderer)
    }
    prompts = [[(message["role"], message["content"]) for message in body["messages"]] for body in asked]
    assert {tuple(templated_ids(renderer.tokenizer, prompt)) for prompt in prompts} == trained
    assert {body["chat_template_kwargs"]["date_string"] for body in asked} == {"26 Jul 2024"}


def test_an_adapter_is_loaded_onto_the_weights_it_was_made_for(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    base = saved(tmp_path / "base")
    policy = trained_by_lora(tmp_path / "pi_1", base)
    played(policy, fake("--calls", str(log)))
    (loaded,) = calls(log, "load_lora_adapter")
    assert loaded["lora_path"] == str(policy.folder / "adapter")
    assert {body["model"] for body in calls(log, "chat/completions")} == {loaded["lora_name"]}
    log.unlink()
    played(policy, fake("--calls", str(log), adapters=False))
    assert calls(log, "load_lora_adapter") == []
    assert {body["model"] for body in calls(log, "chat/completions")} == {str(policy.folder)}


def test_a_server_that_runs_is_used_and_left_running(tmp_path: Path) -> None:
    base = saved(tmp_path / "base")
    policy = trained_by_lora(tmp_path / "pi_1", base)
    stranger = saved(tmp_path / "stranger")
    log = tmp_path / "calls"
    with serve(policy, fake("--calls", str(log)), "alfworld", 40) as started:
        address = str(started.server.base_url)
        running = ServingParameters(base_url=address)
        (own,) = calls(log, "load_lora_adapter")
        played(policy, running)
        assert len(calls(log, "load_lora_adapter")) == 1
        again = SavedPolicy("pi_2", 2, trained_by_lora(tmp_path / "pi_2", base).folder)
        played(again, running)
        assert len({body["lora_name"] for body in calls(log, "load_lora_adapter")}) == 2
        assert [body["lora_name"].split("-")[0] for body in calls(log, "unload_lora_adapter")] == ["pi_2"]
        assert own["lora_name"].startswith("pi_1-")
        with pytest.raises(ServingFailed, match=f"serves .*{base.folder}.*, not {stranger.folder}"):
            played(stranger, running)
        refused = trained_by_lora(tmp_path / "wide", base, rank=64)
        with pytest.raises(ServingFailed, match=r"refuses POST .*load_lora_adapter.*rank"):
            played(SavedPolicy("wide", 1, refused.folder), running)
    with pytest.raises(ServingFailed, match="does not answer"):
        played(policy, running)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (fake("--dies"), r"ended before it was ready \(exit code 1\)(?s:.*)Its log is (\S+);(?s:.*)CUDA out of memory"),
        (
            fake("--never-ready", ready_timeout=1),
            r"is not ready after 1 s(?s:.*)Its log is (\S+);(?s:.*)Loading weights",
        ),
        (ServingParameters(command="no-such-vllm"), "no program 'no-such-vllm'(?s:.*)`serving.command`"),
        (fake("--answers", "2", retries=0), r"ended while it was needed \(exit code 3(?s:.*)Its log is (\S+);"),
    ],
    ids=["dies", "never ready", "no program", "dies later"],
)
def test_a_server_that_fails_is_an_error_with_its_log(tmp_path: Path, server: ServingParameters, said: str) -> None:
    with pytest.raises(ServingFailed, match=said) as failed:
        played(saved(tmp_path / "base"), server)
    for word in str(failed.value).split():
        if word.endswith(".log;"):
            assert "Loading weights" in Path(word[:-1]).read_text()
            Path(word[:-1]).unlink()


def test_the_embedded_student_is_not_served(tiny_base: Path) -> None:
    with pytest.raises(ServingFailed, match=r"embedded student.*bootstrap.base"):
        played(SavedPolicy("pi_0", 0, tiny_base), fake())


DATED = "{{ strftime_now('%d %B %Y') }}" + CHATML


@pytest.mark.parametrize(
    ("template", "more", "said"),
    [
        (DATED, {"base_url": "http://127.0.0.1:1/v1"}, "date or time"),
        (
            LLAMA_3,
            {"extra": {"chat_template_kwargs": {"date_string": "1 Jan 2030"}}},
            r"extra\.chat_template_kwargs",
        ),
    ],
)
def test_prompts_that_a_server_would_date_otherwise_are_not_served(
    tmp_path: Path, template: str, more: dict[str, Any], said: str
) -> None:
    policy = saved(tmp_path / "base", CHATML if template.endswith(CHATML) else template)
    (policy.folder / "chat_template.jinja").write_text(template)
    with pytest.raises(ServingFailed, match=said) as refused:
        played(policy, fake(**more))
    assert "`serving` to null" in str(refused.value)


@pytest.mark.parametrize("template", [DATED, "{{ strftime_now('%H') | int > 12 }}" + CHATML])
def test_a_started_server_gets_the_day_of_the_training(tmp_path: Path, template: str) -> None:
    policy, log = saved(tmp_path / "base", CHATML), tmp_path / "calls"
    (policy.folder / "chat_template.jinja").write_text(template)
    assert len(played(policy, fake("--calls", str(log)))) == 2
    (given,) = {body["template"] for body in calls(log, "chat/completions")}
    tokenizer = load_tokenizer(policy.folder)
    said = [{"role": "user", "content": "Go."}]
    assert tokenizer.apply_chat_template(said, chat_template=given, tokenize=False) == templated(tokenizer, said)


def test_rules_begin_the_first_message_if_the_template_has_no_place_for_them(tmp_path: Path) -> None:
    policy, log = saved(tmp_path / "base", CHATML), tmp_path / "calls"
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHATML
    (policy.folder / "chat_template.jinja").write_text(refusing)
    played(policy, fake("--calls", str(log)))
    for body in calls(log, "chat/completions"):
        assert [message["role"] for message in body["messages"][:2]] in (["user"], ["user", "assistant"])
        assert body["messages"][0]["content"].startswith(GENERAL_RULES)


def test_thoughts_are_asked_for_and_added_to_the_longest_reply(tmp_path: Path) -> None:
    policy, log = saved(tmp_path / "base", CHATML), tmp_path / "calls"
    thinker = CHATML + "{% if add_generation_prompt and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    (policy.folder / "chat_template.jinja").write_text(thinker)
    played(policy, fake("--calls", str(log)), max_thought_tokens=100)
    for body in calls(log, "chat/completions"):
        assert (body["max_tokens"], body["chat_template_kwargs"]["enable_thinking"]) == (140, True)


def test_the_day_is_sent_beside_other_options_of_a_template(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    extra = {"chat_template_kwargs": {"custom": 1}}
    played(saved(tmp_path / "base"), fake("--calls", str(log), extra=extra))
    for body in calls(log, "chat/completions"):
        assert body["chat_template_kwargs"] == {**TEMPLATE_OPTIONS, "custom": 1}


@pytest.mark.usefixtures("training_in_process")
def test_a_student_trained_by_lora_is_served_as_its_adapter(tmp_path: Path) -> None:
    base, log = tmp_path / "base", tmp_path / "calls"
    write_stand_in(tmp_path / "none", base, ["You are in the middle of a room. ACTION: go to desk 1"], seed=0)
    changes = {
        "bootstrap": {"base": str(base), "demonstrations": 2, "fine_tuning": {"max_steps": 1}},
        "fine_tuning": {"lora": {"rank": 12}, "optimizer": "adamw"},
        "rollout": {"hold_to_admissible": False, "episodes": 2},
        "evaluation": {"hold_to_admissible": False, "max_actions": 1},
        "serving": {"command": PROGRAM, "arguments": ["--calls", str(log)]},
    }
    catalog = small_catalog(tmp_path / "data", small_parameters(changes))
    start = data_preparation.create_pipeline() + bootstrap.create_pipeline() + bootstrap.create_history_pipeline()
    run(start, catalog)
    log.unlink()  # of the evaluation
    run(rollout.create_pipeline(), catalog)
    (loaded,) = calls(log, "load_lora_adapter")
    assert loaded["lora_path"] == str(catalog.load("pi_0").folder / "adapter")
    assert {body["model"] for body in calls(log, "chat/completions")} == {loaded["lora_name"]}
    played = {(episode.policy, len(episode.steps)) for episode in catalog.load("rollouts")}
    assert played == {("pi_0", 4)}


def test_the_server_ends_with_the_block_and_its_children_too(tmp_path: Path) -> None:
    policy, child = saved(tmp_path / "base"), tmp_path / "child"
    how = fake("--child", str(child))
    with serve(policy, how, "alfworld", 40):
        pid = int(child.read_text())
        assert not is_gone(pid)
    assert wait_until(lambda: is_gone(pid))
    server = serve(policy, how, "alfworld", 40)
    server.__enter__()
    pid = int(child.read_text())
    stopped = PolicyStopped("the budget is spent")
    assert not server.__exit__(PolicyStopped, stopped, None)
    assert wait_until(lambda: is_gone(pid))


def test_the_server_never_outlives_the_run(tmp_path: Path) -> None:
    policy = saved(tmp_path / "base")
    place = {**os.environ, "TMPDIR": str(tmp_path)}  # of the log, which a killed run leaves behind
    runs = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):  # at once: each has to start Python
        program = f"""
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it, and its children
from pathlib import Path
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.pipelines.vllm_server import ServingParameters, serve

child = {str(tmp_path / number.name)!r}
how = ServingParameters(command={PROGRAM!r}, arguments=("--child", child), port={free_port()})
with serve(SavedPolicy("base", -1, Path({str(policy.folder)!r})), how, "alfworld", 40):
    print("ready", flush=True)
    time.sleep(600)
"""
        command = [sys.executable, "-c", program]
        runs[number] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=place
        )
    try:
        for number, started in runs.items():
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            pid = int((tmp_path / number.name).read_text())
            os.kill(started.pid, number)
            started.wait(30)
            assert wait_until(lambda pid=pid: is_gone(pid)), number.name
    finally:
        for started in runs.values():
            started.kill()
            started.communicate()
