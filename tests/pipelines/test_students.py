"""A student that cannot be used is refused before anything is begun."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from kedro.pipeline import Pipeline
from pipelines.stages import small_parameters
from student_tokenizers import byte_level

from leap_kedro.pipelines.baselines import create_pipeline as create_baselines
from leap_kedro.pipelines.bootstrap.base import NoSuchBase
from leap_kedro.pipelines.evaluation.saved import NoSuchPolicy
from leap_kedro.pipelines.evaluation.saved import create_pipeline as create_saved_evaluation
from leap_kedro.pipelines.iteration import create_iteration
from leap_kedro.pipelines.students import check_students
from leap_kedro.policies.vllm_process import ServingFailed
from leap_kedro.prompts.select import HasNoThoughts
from leap_kedro.prompts.templates import UnusableChatTemplate
from leap_kedro.training.adapters import UnusableAdapter
from leap_kedro.training.quantization import CannotQuantize

FREE = {"rollout.hold_to_admissible": False, "evaluation.hold_to_admissible": False}


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student whose chat template was forgotten."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("student")
    tokenizer = byte_level()
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)
    return folder


def chat(student: Path, tmp_path: Path) -> Path:
    """The student with its chat template."""
    base = tmp_path / "chat"
    shutil.copytree(student, base)
    (base / "chat_template.jinja").write_text(str(byte_level().chat_template))
    return base


def check(pipeline: Pipeline | None = None, **changes: Any) -> None:
    check_students(small_parameters(changes), pipeline or create_iteration())


def test_a_base_that_can_be_used_passes(tiny_base: Path) -> None:
    check(**{"bootstrap.base": str(tiny_base)})


def test_a_base_without_a_chat_template(student: Path) -> None:
    with pytest.raises(NoSuchBase, match=rf"`bootstrap\.base` is '{student}'.*tokenizer\.chat_template"):
        check(**{"bootstrap.base": str(student)})


def test_a_base_whose_weights_are_quantized(student: Path, tmp_path: Path) -> None:
    base = tmp_path / "quantized"
    shutil.copytree(student, base)
    told = json.loads((base / "config.json").read_text())
    told["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (base / "config.json").write_text(json.dumps(told))
    with pytest.raises(NoSuchBase, match=r"quantized \(bitsandbytes\).*`fine_tuning\.dtype` nf4"):
        check(**{"bootstrap.base": str(base)})


def test_a_base_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(NoSuchBase, match=rf"`bootstrap\.base` is '{tmp_path}'.*config\.json"):
        check(**{"bootstrap.base": str(tmp_path)})


def test_a_run_that_does_not_read_the_base_needs_none(tmp_path: Path) -> None:
    check(create_iteration().only_nodes_with_namespaces(["rollout"]), **{"bootstrap.base": str(tmp_path)})


def test_an_adapter_that_goes_on_and_whose_base_is_gone(tiny_base: Path, tmp_path: Path) -> None:
    base, gone = tmp_path / "base", tmp_path / "gone"
    shutil.copytree(tiny_base, base)
    (base / "adapter").mkdir()
    (base / "adapter" / "base.json").write_text(json.dumps({"folder": str(gone), "sha256": ""}))
    lora = {"bootstrap.fine_tuning": {"lora": {"start": "continue"}, "optimizer": "adamw"}}
    with pytest.raises(NoSuchBase, match=rf"`bootstrap\.base`.*{gone}"):
        check(**{"bootstrap.base": str(base), **lora})


@pytest.mark.parametrize("stage", ["bootstrap", "training"])
def test_an_adapter_that_does_not_suit_the_base(student: Path, tmp_path: Path, stage: str) -> None:
    base = chat(student, tmp_path)
    lora = {"lora": {"targets": ["query"]}, "optimizer": "adamw"}
    with pytest.raises(UnusableAdapter, match=rf"`{stage}\.fine_tuning\.lora` .*{base}.*targets=\('query',\).*q_proj"):
        check(**{"bootstrap.base": str(base), f"{stage}.fine_tuning": lora})
    check(**{"bootstrap.base": str(base), f"{stage}.fine_tuning": {**lora, "lora": {}}})


@pytest.mark.parametrize("stage", ["rollout", "evaluation"])
def test_a_context_that_the_rules_and_a_reply_exceed(student: Path, tmp_path: Path, stage: str) -> None:
    base = chat(student, tmp_path)
    told = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**told, "max_position_embeddings": 2000}))
    check(**{"bootstrap.base": str(base)})
    with pytest.raises(NoSuchBase, match=rf"2000 tokens.*a reply up to 1600 \(`{stage}\.max_reply_tokens`"):
        check(**{"bootstrap.base": str(base), f"{stage}.max_reply_tokens": 1600})


def test_4_bits_without_bitsandbytes(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    quantized = {"bootstrap.base": str(tiny_base), "training.fine_tuning": {"dtype": "nf4", "lora": {}}}
    with pytest.raises(CannotQuantize, match=r"`training\.fine_tuning\.dtype` is 'nf4'.*pip install .*bitsandbytes"):
        check(**quantized)
    check(create_iteration().only_nodes_with_namespaces(["rollout"]), **quantized)


def test_a_template_that_asks_the_clock_is_not_served_by_a_running_server(student: Path, tmp_path: Path) -> None:
    base = tmp_path / "dated"
    shutil.copytree(student, base)
    (base / "chat_template.jinja").write_text("{{ strftime_now('%c') }}" + str(byte_level().chat_template))
    check(**{"bootstrap.base": str(base)})
    check(**{"bootstrap.base": str(base), "serving": {}, **FREE})
    with pytest.raises(ServingFailed, match=r"date or time.*`serving`"):
        check(**{"bootstrap.base": str(base), "serving": {"base_url": "http://127.0.0.1:1/v1"}, **FREE})


@pytest.mark.parametrize("stage", ["rollout", "evaluation"])
def test_a_student_that_cannot_think_is_not_asked_to(
    tiny_base: Path, student: Path, tmp_path: Path, stage: str
) -> None:
    base = chat(student, tmp_path)
    for folder, said in ((base, UnusableChatTemplate), (tiny_base, HasNoThoughts)):
        with pytest.raises(said, match="set `max_thought_tokens` to 0"):
            check(**{"bootstrap.base": str(folder), f"{stage}.max_thought_tokens": 8})


def test_a_policy_to_evaluate(student: Path, tiny_base: Path) -> None:
    evaluation = create_saved_evaluation()
    with pytest.raises(NoSuchPolicy, match=rf"'{student}' \(option `--policy`\).*tokenizer\.chat_template"):
        check(evaluation, options={"policy": str(student)})
    prompted = create_baselines()
    with pytest.raises(NoSuchPolicy, match=rf"'{student}' \(option `--policy`\)"):
        check(prompted, options={"policies": ["openai:model", str(student)]})
    for good in (str(tiny_base), "openai:model", "models:/never@asked"):
        check(evaluation, options={"policy": good})
