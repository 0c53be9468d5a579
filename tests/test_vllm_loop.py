"""The loop behind a real vLLM server: merged weights and adapters, a running server, and one that is killed."""

import json
from pathlib import Path
from typing import Any

import pytest
import real_vllm
import yaml
from loop_project import LoopProject

pytestmark = [pytest.mark.vllm, pytest.mark.slow]

FREE = ("rollout.hold_to_admissible=false", "evaluation.hold_to_admissible=false")
LORA = (f"fine_tuning.lora.rank={real_vllm.RANK}", "fine_tuning.optimizer=adamw", "fine_tuning.learning_rate=0.01")
FEW = ("data_preparation.validation=1", "data_preparation.test.valid_seen=1", "data_preparation.test.valid_unseen=0")


def project(folder: Path, base: Path, **serving: Any) -> LoopProject:
    """A project whose policies are served, with the parameters `serving`."""
    made = LoopProject(folder, base)
    block = real_vllm.parameters(**serving).model_dump(exclude_defaults=True, mode="json")
    (made.folder / "conf/test/parameters_serving.yml").write_text(yaml.safe_dump({"serving": block}))
    return made


def loop(project: LoopProject, iterations: int, *parameters: str) -> str:
    """What `kedro leap run` printed in this process."""
    done = project.call("leap", "run", f"--iterations={iterations}", *project.given(*FREE, *FEW, *parameters))
    assert done.exit_code == 0, done.output
    return done.output


def adapter_bases(project: LoopProject, iterations: int) -> list[str]:
    """Of each adapter, the folder of the weights that it was made for."""
    policies = [project.folder / f"data/05_policies/default/iter_{k}/policy" for k in range(iterations + 1)]
    return [json.loads((policy / "adapter/base.json").read_text())["folder"] for policy in policies]


def check_answered(project: LoopProject, iterations: int) -> None:
    """All episodes were answered, each by the policy whose turn it was."""
    for k in range(1, iterations + 1):
        episodes = [
            *project.read(f"02_episodes/default/iter_{k}/rollouts.jsonl"),
            *project.read(f"06_evaluation/default/iter_{k}/evaluation_episodes.jsonl"),
        ]
        assert {episode["policy"] for episode in episodes} == {f"pi_{k - 1}", f"pi_{k}"}
        assert {episode["error"] for episode in episodes} == {""}
        assert all(step["reply_tokens"] > 0 for episode in episodes for step in episode["steps"])
        assert project.read(f"00_experiments/default/iter_{k}/manifest.json")


def test_one_running_server_serves_all_adapters_that_continue(tmp_path: Path, tiny_chat: Path, vllm_url: str) -> None:
    made = project(tmp_path / "project", tiny_chat, base_url=vllm_url)
    before = real_vllm.served_models(vllm_url)
    loop(made, 2, *LORA, "fine_tuning.lora.start=continue")
    check_answered(made, 2)
    assert adapter_bases(made, 2) == [str(tiny_chat)] * 3
    assert real_vllm.served_models(vllm_url) == before


def test_a_server_of_its_own_for_each_policy_where_adapters_start_fresh(
    tmp_path: Path, tiny_chat: Path, vllm_command: str
) -> None:
    made = project(tmp_path / "project", tiny_chat, command=vllm_command)
    loop(made, 2, *LORA)
    check_answered(made, 2)
    merged = [str(made.folder / f"data/05_policies/default/iter_{k}/policy") for k in (0, 1)]
    assert adapter_bases(made, 2) == [str(tiny_chat), *merged]


def test_a_server_that_is_killed_costs_no_finished_episode(tmp_path: Path, tiny_chat: Path, vllm_command: str) -> None:
    """The student's weights are merged: it was trained without LoRA."""
    made = project(tmp_path / "project", tiny_chat, command=vllm_command, concurrency=1)
    given = "run", *made.given(*FREE, *FEW, "rollout.max_reply_tokens=400")
    rollouts = made.folder / "data/02_episodes/default/iter_1/rollouts.jsonl"
    partial = rollouts.with_name(f"{rollouts.name}.partial")
    killed = made.kill_server(lambda: partial.is_file() and partial.read_bytes().count(b"\n") >= 2, *given)
    assert killed.returncode == 1, killed.stdout
    assert "ended while it was needed (exit code 137" in killed.stdout
    assert "Traceback" not in killed.stdout
    stored = partial.read_bytes()
    finished = made.call(*given)
    assert finished.exit_code == 0, finished.output
    assert rollouts.read_bytes().startswith(stored)
    assert len({episode["task"]["id"] for episode in made.read("02_episodes/default/iter_1/rollouts.jsonl")}) == 6
    check_answered(made, 1)


def test_a_running_server_of_another_model_is_refused(tmp_path: Path, tiny_chat: Path, vllm_url: str) -> None:
    other = tmp_path / "other"
    real_vllm.save_tiny_chat(other, seed=1)
    made = project(tmp_path / "project", other, base_url=vllm_url)
    refused = made.call("run", *made.given(*FREE, *FEW))
    assert refused.exit_code == 1
    for words in (f"serves {tiny_chat}, not {other}.", "Start it with that folder, or leave `base_url` out"):
        assert words in " ".join(refused.output.split()), refused.output
    assert "Traceback" not in refused.output
