"""Training as its caller meets it: a call that may be killed and made again."""

import resource
import shutil
from pathlib import Path

import pytest
from training_calls import killed, weights

from leap_kedro.training.fine_tuning import TrainingRefused, fine_tune
from leap_kedro.training.launch import TrainingFailed, train
from leap_kedro.training.losses import FILE, append_loss, read_losses
from leap_kedro.training.packing import Packed, Row, pack
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.progress import Progress
from leap_kedro.training.store import write_packed

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("started_trainings")]

PARAMETERS = FineTuning(max_steps=60, tokens_per_step=100, warmup_steps=5, log_every=10, checkpoint_every=7)
BY_TWO = PARAMETERS.model_copy(update={"processes": 2})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, copying: list[Packed]) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.npz"
    write_packed(path, copying)
    return path


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path, copying: list[Packed]):
    folder = tmp_path_factory.mktemp("uninterrupted")
    left_by_another = folder / "work" / "checkpoints-0123456789abcdef" / "checkpoint-2"
    left_by_another.mkdir(parents=True)
    (left_by_another / "_SUCCESS").touch()
    append_loss(folder / "work", 70, 9.0)
    seen: list[Progress] = []
    result = train(tiny_llama, copying, PARAMETERS, folder / "work", folder / "policy", on_progress=seen.append)
    return result, seen, folder


def test_a_training_learns_reports_and_leaves_a_plain_model_folder(uninterrupted) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    result, seen, folder = uninterrupted
    assert (result.steps, result.world_size, result.resumed_at, result.dtype) == (60, 1, 0, "float32")
    assert [progress.step for progress in seen] == [10, 20, 30, 40, 50, 60]
    assert tuple((progress.step, progress.loss) for progress in seen) == result.losses
    assert tuple(read_losses(folder / "work" / FILE)) == result.losses
    assert seen[-1].tokens == result.tokens
    assert seen[-1].loss < 0.9 * seen[0].loss
    assert AutoModelForCausalLM.from_pretrained(folder / "policy").config.hidden_size == 16
    assert len(AutoTokenizer.from_pretrained(folder / "policy")) == 40


def test_called_again_it_returns_the_result_at_hand(uninterrupted, tiny_llama: Path, copying) -> None:
    result, _, folder = uninterrupted
    written = (folder / "policy" / "model.safetensors").stat().st_mtime_ns
    again = train(tiny_llama, copying, PARAMETERS, folder / "work", folder / "policy")
    assert again == result
    assert (folder / "policy" / "model.safetensors").stat().st_mtime_ns == written


def test_two_processes_killed_a_call_that_differs_in_what_is_free_continues_from_the_last_whole_checkpoint(
    uninterrupted, tiny_llama: Path, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    last, before = killed(tiny_llama, data, BY_TWO, tmp_path, 2)[:2]
    weights_file = last / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-40] + bytes(40))
    half = last.with_name("checkpoint-59")
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half a")
    told: list[Progress] = []
    free = {"accumulation_steps": 2, "log_every": 4, "checkpoint_every": 9, "timeout": 60}
    changed = BY_TWO.model_copy(update=free | {"gradient_checkpointing": True})

    result = train(tiny_llama, data, changed, tmp_path / "work", tmp_path / "policy", on_progress=told.append)

    import torch

    whole, _, folder = uninterrupted
    assert result.resumed_at == int(before.name.rpartition("-")[2])
    assert result.torn_checkpoints == (f"{last.name}: model.safetensors is not what was written",)
    assert f"{last.name}: model.safetensors is not what was written" in caplog.text
    assert f"resuming from {before.name}" in caplog.text
    assert (result.steps, result.tokens, result.world_size) == (whole.steps, whole.tokens, 2)
    assert {progress.step % 4 for progress in told[:-1]} == {0}
    for name, value in weights(folder / "policy").items():
        torch.testing.assert_close(weights(tmp_path / "policy")[name], value, rtol=0, atol=1e-4)


def test_what_another_training_left_is_not_resumed_from(uninterrupted) -> None:
    result, _, folder = uninterrupted
    assert result.resumed_at == 0
    assert not list((folder / "work").glob("checkpoints-*"))


def test_a_start_that_cannot_be_loaded_is_refused_by_name(tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    shutil.copytree(tiny_llama, start)
    (start / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(TrainingFailed, match=rf"{start}.*SafetensorError"):
        train(start, data, PARAMETERS, tmp_path / "work", tmp_path / "policy")


LONG = Row((5,) * 201, (0.0,) * 200 + (1.0,))
SHORT = Row((5,) * 3 + (6, 2), (0.0,) * 3 + (1.0, 1.0))


def test_data_of_which_nothing_fits_are_refused_in_a_sentence(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match=r"^all 1 replies are longer than 128 .*context$"):
        fine_tune(tiny_llama, [pack([LONG])], PARAMETERS, tmp_path / "work", tmp_path / "policy")


def test_replies_that_are_too_long_are_dropped_counted_and_told(
    tiny_llama: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    few = PARAMETERS.model_copy(update={"max_steps": 3, "log_every": 1})
    result = fine_tune(tiny_llama, [pack([SHORT, LONG]), pack([LONG])], few, tmp_path / "work", tmp_path / "policy")
    assert result.dropped == 2
    assert "2 replies dropped: they are longer than 128 tokens with their prompts" in caplog.messages
    alone = fine_tune(tiny_llama, [pack([SHORT])], few, tmp_path / "alone", tmp_path / "policy_alone")
    assert (alone.dropped, alone.losses) == (0, result.losses)


def test_a_training_that_diverges_leaves_no_policy(tiny_llama: Path, copying: list[Packed], tmp_path: Path) -> None:
    wild = PARAMETERS.model_copy(update={"learning_rate": 1e30, "max_steps": 8})
    with pytest.raises(TrainingRefused, match=r"diverged.*learning_rate 1e\+30"):
        fine_tune(tiny_llama, copying, wild, tmp_path / "work", tmp_path / "policy")
    assert not (tmp_path / "policy").exists()


def test_a_start_that_is_no_model_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        train(tmp_path, data, PARAMETERS, tmp_path / "work", tmp_path / "policy")


def test_a_torn_file_of_data_is_named(tiny_llama: Path, data: Path, tmp_path: Path) -> None:
    torn = tmp_path / "data.npz"
    torn.write_bytes(data.read_bytes()[:300])
    with pytest.raises(ValueError, match="not a file of training data"):
        train(tiny_llama, torn, PARAMETERS, tmp_path / "work", tmp_path / "policy")


def test_a_checkpoint_that_cannot_be_written_is_told_with_its_folder(
    tiny_llama: Path, data: Path, tmp_path: Path
) -> None:
    _, hard = whole = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # also of the training's process
    try:
        with pytest.raises(TrainingFailed, match=rf"Cannot write {tmp_path}/work.*ulimit -f.*same command again"):
            train(tiny_llama, data, PARAMETERS, tmp_path / "work", tmp_path / "policy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, whole)
    assert not (tmp_path / "policy").exists()
