"""Local policies from folders."""

from dataclasses import replace
from pathlib import Path

import pytest
from toys import save_toy_policy, toy_conversation

from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.folder import PolicyFolderError
from leap_kedro.policies.generate import PlainGenerator
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.records import ParseStatus


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    saved = tmp_path_factory.mktemp("policy")
    save_toy_policy(saved)
    return saved


def test_a_saved_folder_answers(folder: Path) -> None:
    spec = LocalPolicySpec(folder, "toy", max_new_tokens=40, hold_to_admissible=True, logprobs=True)
    policy = spec.load()
    asked = [toy_conversation(seed, seed % 3) for seed in range(20)]
    replies = policy.reply(asked)
    assert policy.id == "toy"
    assert any(reply.status is ParseStatus.OK for reply in replies)
    for conversation, reply in zip(asked, replies, strict=True):
        assert (reply.action in conversation.admissible) == (reply.status is ParseStatus.OK)
        assert reply.error == ""
        assert 0 < reply.reply_tokens <= 40
        assert reply.logprob is not None
        assert reply.logprob < 0


def test_the_engine_is_taken_where_it_can(folder: Path, tmp_path: Path) -> None:
    assert isinstance(LocalPolicySpec(folder, "toy").load()._generator, SlotEngine)
    from toys import toy_tokenizer
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=40, n_embd=16, n_layer=1, n_head=2, n_positions=128)).save_pretrained(
        tmp_path
    )
    toy_tokenizer().save_pretrained(tmp_path)
    policy = LocalPolicySpec(tmp_path, "gpt2", max_new_tokens=6).load()
    assert isinstance(policy._generator, PlainGenerator)
    assert policy.reply([toy_conversation(0, 1)])[0].error == ""


def test_a_conversation_that_does_not_fit_gets_an_error_alone(folder: Path) -> None:
    policy = LocalPolicySpec(folder, "toy", max_new_tokens=8).load()
    long = replace(toy_conversation(0, 2), key="long", opening="go to the box. " * 100)
    assert not policy.fits(long)
    broken, whole = policy.reply([long, toy_conversation(1, 1)])
    assert broken.error == "the conversation and a reply exceed the context of 256 tokens"
    assert (whole.error, whole.reply_tokens > 0) == ("", True)


def test_half_precision_stays_close(folder: Path) -> None:
    asked = [toy_conversation(seed, 2) for seed in range(12)]
    exact = LocalPolicySpec(folder, "toy", max_new_tokens=1).load().reply(asked)
    half = LocalPolicySpec(folder, "toy", max_new_tokens=1, dtype="bfloat16").load().reply(asked)
    assert sum(one.text == other.text for one, other in zip(exact, half, strict=True)) >= 10


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyFolderError, match=r"no policy folder .*/absent; train a policy first"):
        LocalPolicySpec(tmp_path / "absent", "absent").load()


def test_missing_parts_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(PolicyFolderError, match=r"it lacks: weights \(\*\.safetensors\), tokenizer_config\.json"):
        LocalPolicySpec(tmp_path, "half").load()


@pytest.mark.parametrize("part", ["model.safetensors", "config.json", "tokenizer.json"])
def test_broken_parts_are_refused_by_the_folders_name(folder: Path, tmp_path: Path, part: str) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / part).write_bytes((folder / part).read_bytes()[:50])
    with pytest.raises(PolicyFolderError, match=f"{tmp_path.name}.* cannot be loaded"):
        LocalPolicySpec(tmp_path, "broken").load()


def test_weights_that_are_missing_in_the_file_are_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.down_proj.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(PolicyFolderError, match=r"model\.layers\.1\.mlp\.down_proj\.weight"):
        LocalPolicySpec(tmp_path, "holes").load()
