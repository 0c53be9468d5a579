"""Fixtures that several floors share."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_vllm
from filelock import FileLock
from hub_server import Hub, Repository, files_of, hub_server
from hypothesis import settings
from language_models import real_server
from loop_project import LoopProject
from warm_trainings import processes as warm_processes

from leap_kedro.training import join

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported; the fixture `hub` overrides it

pytest_plugins = ["ray_cluster"]

settings.register_profile("any machine", deadline=None)  # no test depends on the speed of the machine
settings.load_profile("any machine")

SHARED = Path(os.environ.get("LEAP_SHARED_DATA", Path(__file__).parents[2] / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files run first, so that all processes end at about the same time.

    Of those that share `finished_project`, one comes first and the others later, so that no process waits for it.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    sharing = sorted({item.path for item in items if "finished_project" in getattr(item, "fixturenames", ())})
    items.sort(key=lambda item: (item.path not in sharing[:1], item.path not in slow, item.path in sharing))


@pytest.fixture(scope="session")
def shared_alfworld() -> Path:
    """Folder with the benchmark's recorded answers and its games in archives."""
    folder = SHARED / "alfworld"
    if not folder.is_dir():
        pytest.skip(f"no official ALFWorld data: {folder} is absent (set LEAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_webshop() -> Path:
    """Folder of the official slice of 1,000 products and of recorded episodes of the original."""
    folder = SHARED / "webshop"
    if not folder.is_dir():
        pytest.skip(f"no official WebShop data: {folder} is absent (set LEAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_intercode_bash() -> Path:
    """Folder of the official tasks and trees of file systems 1 and 2, and of what the original answered on them."""
    folder = SHARED / "intercode_bash"
    if not folder.is_dir():
        pytest.skip(f"no official InterCode data: {folder} is absent (set LEAP_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def official_games(shared_alfworld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder to be used as `ALFWORLD_DATA`: the official valid_seen games (2.1.1)."""
    folder = tmp_path_factory.mktemp("alfworld_data")
    with tarfile.open(shared_alfworld / "json_2.1.1.valid_seen.tar.xz") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none yet
        archive.extractall(folder)  # noqa: S202 - filtered, and the archive is of the project
    return folder


@pytest.fixture(scope="session")
def of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the processes of pytest-xdist share, so that what is slow to make is made once."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def tiny_base(of_all_workers: Path) -> Path:
    """Folder of an embedded student with few, random weights."""
    from leap_kedro.embedded.shape import Shape, build_model
    from leap_kedro.embedded.tokenizer import build_tokenizer
    from leap_kedro.environments.alfworld.student.vocabulary import vocabulary
    from leap_kedro.policies.folder import save_policy

    folder = of_all_workers / "models" / "tiny_base"
    with FileLock(of_all_workers / "tiny_base.lock"):
        if not folder.is_dir():
            tokenizer = build_tokenizer(vocabulary(), 2048)
            shape = Shape(hidden_size=32, layers=2, heads=2, intermediate_size=64)
            save_policy(build_model(tokenizer, shape, seed=0), tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def finished_project(tiny_base: Path, of_all_workers: Path) -> LoopProject:
    """A project whose experiment `default` has run iteration 1. Not to be changed: work on a `copy`.

    What the run printed is in its files `stdout.txt` and `stderr.txt`.
    """
    folder = of_all_workers / "loop" / "project"
    with FileLock(of_all_workers / "loop.lock"):
        if (folder / "stdout.txt").is_file():
            return LoopProject.at(folder, f"bootstrap.base={tiny_base}")
        project = LoopProject(folder, tiny_base)
        finished = project.run()
        assert finished.returncode == 0, finished.stdout + finished.stderr
        (folder / "stderr.txt").write_text(finished.stderr)
        (folder / "stdout.txt").write_text(finished.stdout)
    return project


@pytest.fixture(scope="session", autouse=True)
def warm_trainings() -> Iterator[None]:
    """Trainings in this process fork their processes, which saves seconds; `started_trainings` undoes that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leap_kedro.training.launch.processes", warm_processes)
        yield


@pytest.fixture(scope="module")
def started_trainings() -> Iterator[None]:
    """Trainings start their processes, as they do for users."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leap_kedro.training.launch.processes", join.processes)
        yield


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces each training by a copy of the policy that it starts from; the folders that were trained in."""
    from leap_kedro.training import launch
    from leap_kedro.training.progress import TrainingResult

    folders: list[Path] = []

    def copy(start: Path, packs: Any, parameters: Any, work: Path, target: Path, **_: Any) -> TrainingResult:
        folders.append(work)
        shutil.copytree(start, target, ignore=shutil.ignore_patterns("policy.json", "_SUCCESS"))
        return TrainingResult(3, 30, ((1, 1.0), (3, 0.5)), 0.1, 0, 1)

    monkeypatch.setattr(launch, "train", copy)
    return folders


@pytest.fixture(scope="session")
def language_model_url() -> Iterator[str]:
    """Base URL of a server with a real, small language model; `real_server.MODEL` is its name."""
    if real_server.weights() is None:
        pytest.skip(real_server.MISSING)
    with real_server.real_server() as url:
        yield url


@pytest.fixture
def hub(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub with the model org/tiny, an empty cache, and no token."""
    from huggingface_hub import constants

    with hub_server() as server:
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        files = files_of(tiny_base) | {"modeling_tiny.py": b"raise SystemExit", "pytorch_model.bin": b"", "a.gguf": b""}
        server.repositories["org/tiny"] = Repository([files])
        yield server


@pytest.fixture(scope="session")
def tiny_chat(of_all_workers: Path) -> Path:
    """Folder of a chat model with few, random weights."""
    folder = of_all_workers / "models" / "tiny_chat"
    with FileLock(of_all_workers / "tiny_chat.lock"):
        if not folder.is_dir():
            real_vllm.save_tiny_chat(folder)
    return folder


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """The CPU, and a GPU where there is one."""
    if request.param == "cuda":
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA GPU: torch.cuda.is_available() is false")
    return str(request.param)


@pytest.fixture(scope="session")
def vllm_url(device: str, tiny_chat: Path) -> Iterator[str]:
    """URL of a running vLLM server of `tiny_chat`, which can load adapters."""
    if real_vllm.command(device) is None:
        pytest.skip(real_vllm.MISSING)
    with real_vllm.running(tiny_chat, real_vllm.parameters(device)) as url:
        yield url


@pytest.fixture(scope="session")
def vllm_command() -> str:
    """What starts a vLLM server, as `serving.command`, for what a GPU does not change."""
    command = real_vllm.command()
    if command is None:
        pytest.skip(real_vllm.MISSING)
    return command
