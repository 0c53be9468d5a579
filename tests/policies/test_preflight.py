"""Folders that cannot be a student are refused by their headers, and nothing in them is run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from student_tokenizers import byte_level

from leap_kedro.policies.folder import PolicyFolderError
from leap_kedro.policies.preflight import check_policy


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("student")
    tokenizer = byte_level()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    return folder


def config(folder: Path, **values: object) -> None:
    told = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**told, **values}))


def weights(folder: Path, name: str, rows: int | None) -> None:
    from safetensors.torch import load_file, save_file

    found = load_file(folder / "model.safetensors")
    kept = found.pop(name)
    if rows is not None:
        found[name] = kept[:rows].clone()
    save_file(found, folder / "model.safetensors", metadata={"format": "pt"})


def fewer_tokens(folder: Path) -> None:
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        weights(folder, name, 200)
    config(folder, vocab_size=200)


def headless(folder: Path) -> None:
    weights(folder, "lm_head.weight", None)
    config(folder, architectures=["LlamaModel"])


def half(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:3000])


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def adapter_alone(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def code_of_its_own(folder: Path) -> None:
    config(folder, model_type="mine", auto_map={"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"})
    (folder / "mine.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\nclass Config: pass\n")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no template": (lambda folder: (folder / "chat_template.jinja").unlink(), r"tokenizer\.chat_template"),
    "bad template": (lambda folder: (folder / "chat_template.jinja").write_text("{% for %}"), "refuses a conversation"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), r"Put .* tokenizer\.json"),
    "no tokenizer_config": (lambda folder: (folder / "tokenizer_config.json").unlink(), "it lacks: tokenizer_config"),
    "no config": (lambda folder: (folder / "config.json").unlink(), r"it lacks: config\.json"),
    "config that is no JSON": (lambda folder: (folder / "config.json").write_text("{"), r"config\.json cannot be read"),
    "weights cut off": (half, "SafetensorError"),
    "weights missing": (lambda folder: weights(folder, "model.norm.weight", None), r"model\.norm\.weight"),
    "weights of another shape": (lambda folder: weights(folder, "model.norm.weight", 3), r"model\.norm\.weight"),
    "fewer tokens": (fewer_tokens, r"200 tokens.*resize_token_embeddings"),
    "no head": (headless, r"lm_head\.weight\. It has a LlamaModel, but the student is a LlamaForCausalLM"),
    "pickle": (pickled, r"pytorch_model\.bin is a pickle.*save_pretrained"),
    "adapter alone": (adapter_alone, "adapter.*merge"),
    "unknown architecture": (lambda folder: config(folder, model_type="mine"), "`mine`"),
    "no causal model": (lambda folder: config(folder, model_type="t5"), "is not a causal language model"),
    "an encoder": (
        lambda folder: config(folder, model_type="bert", architectures=["BertForMaskedLM"]),
        "BertForMaskedLM is not a causal language model",
    ),
    "code of its own": (code_of_its_own, "Code from a folder is never run"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_folder_that_cannot_be_a_student_is_refused(kind: str, student: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(student, folder)
    spoil, named = BROKEN[kind]
    spoil(folder)
    with pytest.raises(PolicyFolderError, match=named) as refused:
        check_policy(folder, "alfworld")
    assert str(folder) in str(refused.value)
    assert not (folder / "ran").exists()


def test_a_student_passes_without_its_weights_being_read(student: Path, tmp_path: Path) -> None:
    check_policy(student, "alfworld")
    folder = tmp_path / "described"
    shutil.copytree(student, folder)
    (folder / "model.safetensors").unlink()
    check_policy(folder, "alfworld", weights=False)


def test_a_token_that_no_prompt_has_may_be_beyond_the_weights(student: Path, tmp_path: Path) -> None:
    tokenizer = byte_level()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]}, replace_extra_special_tokens=False)
    folder = tmp_path / "more"
    shutil.copytree(student, folder)
    tokenizer.save_pretrained(folder)
    check_policy(folder, "alfworld")
