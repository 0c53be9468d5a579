"""The project as `kedro package` builds it, installed into an environment of its own and run far from the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from loop_project import UNWANTED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
Finished = subprocess.CompletedProcess[str]


def run(folder: Path, *command: str | Path, **variables: str) -> Finished:
    given = {name: value for name, value in os.environ.items() if name not in (*UNWANTED, "PYTHONPATH")}
    return subprocess.run(
        list(map(str, command)), cwd=folder, env=given | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `kedro package` makes, in a copy of the project: it leaves files behind."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, copy)
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "src", copy / "src", ignore=unwanted)
    shutil.copytree(ROOT / "conf", copy / "conf", ignore=shutil.ignore_patterns("local"))
    (copy / "conf/local").mkdir()
    built = run(copy, sys.executable, "-m", "kedro", "package")
    said = built.stdout + built.stderr
    if "No matching distribution found for setuptools" in said:
        pytest.skip("no package index can be reached, which `kedro package` takes its build backend from")
    assert built.returncode == 0, said
    return copy / "dist"


@pytest.fixture(scope="module")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel; what it depends on is that of this environment."""
    environment = tmp_path_factory.mktemp("environment")
    run(environment, sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin/python"
    (wheel,) = dist.glob("leap_kedro-*.whl")
    done = run(
        environment, sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (site,) = environment.glob("lib/python*/site-packages")
    # A path in a .pth file: the .pth files of that folder, which lead to the checkout, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture
def place(dist: Path, tmp_path: Path) -> Path:
    """A folder with nothing in it but the unpacked configuration."""
    shutil.unpack_archive(dist / "conf-leap_kedro.tar.gz", tmp_path, filter="data")
    return tmp_path


def test_the_wheel_holds_every_file_of_the_package(dist: Path) -> None:
    (wheel,) = dist.glob("leap_kedro-*.whl")
    package = ROOT / "src/leap_kedro"
    files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(ROOT / "src").as_posix() for path in files} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_files_that_run_are_those_of_the_wheel(python: Path, tmp_path: Path) -> None:
    where = run(tmp_path, python, "-c", "import leap_kedro; print(leap_kedro.__file__)").stdout
    assert Path(where).is_relative_to(python.parents[1])


@pytest.mark.parametrize("program", ["module", "script"])
def test_it_takes_the_options_of_kedro_run(python: Path, tmp_path: Path, program: str) -> None:
    command = [python, "-m", "leap_kedro"] if program == "module" else [python.with_name("leap_kedro")]
    told = run(tmp_path, *command, "--help")
    assert told.returncode == 0, told.stderr
    assert all(option in told.stdout for option in ("--conf-source", "--env", "--params", "--pipelines"))


def test_it_runs_with_its_configuration_anywhere(python: Path, place: Path, tmp_path_factory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    asked = ["--env=test", "--pipelines=data_preparation", "--params=experiment=packaged"]
    done = run(empty, python, "-m", "leap_kedro", f"--conf-source={place / 'conf'}", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (empty / "data/01_tasks/packaged/train.jsonl").stat().st_size
    assert not (place / "data").exists()


def test_without_configuration_it_says_what_is_missing(python: Path, tmp_path: Path) -> None:
    told = run(tmp_path, python, "-m", "leap_kedro", "--env=test")
    assert told.returncode == 1
    assert f"{tmp_path / 'conf'} is not a folder of configuration" in told.stderr
    assert "--conf-source" in told.stderr
    assert "Traceback" not in told.stderr


def test_no_run_sends_usage_data_or_asks_mlflow_unasked() -> None:
    bootstrap_project(ROOT)
    packages = {
        type(hooks).__module__.partition(".")[0] for hooks in KedroSession.create(ROOT)._hook_manager.get_plugins()
    }
    assert "leap_kedro" in packages
    assert not packages & {"kedro_telemetry", "kedro_mlflow"}  # the latter's hooks would read mlflow.yml


def test_a_new_project_runs_with_the_configuration_of_the_wheel(python: Path, tmp_path: Path) -> None:
    made = run(tmp_path, python.with_name("leap-kedro"), "new", "mine")
    assert made.returncode == 0, made.stderr
    project = tmp_path / "mine"
    done = run(project, python, "-m", "kedro", "run", "--env=test", "--pipelines=data_preparation")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "data/01_tasks/default/train.jsonl").stat().st_size
    told = run(project, python, "-m", "kedro", "leap", "status")
    assert told.returncode == 0, told.stderr
