import tomllib
from pathlib import Path

import kedro
import pytest
from click.testing import CliRunner

from leap_kedro.commands import new_project
from leap_kedro.commands.new_project import ProjectRefused, main, write_project

ROOT = Path(__file__).parents[2]


def test_a_project_has_the_configuration_without_local_values(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["new", str(tmp_path / "mine")])
    assert told.exit_code == 0, told.output
    assert f"cd {tmp_path / 'mine'}" in told.output
    kept = {path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*") if path.is_file() and path.suffix != ".md"}
    kept = {path for path in kept if path.parts[1] != "local" and not path.name.startswith("credentials")}
    made = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine/conf").rglob("*") if path.is_file()}
    assert made == kept | {Path("conf/local/.gitkeep")}


def test_kedro_finds_the_package_and_modules_of_ones_own(tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    table = tomllib.loads((tmp_path / "mine/pyproject.toml").read_text(encoding="utf-8"))["tool"]["kedro"]
    assert table == {
        "package_name": "leap_kedro",
        "project_name": "mine",
        "kedro_init_version": kedro.__version__,
        "source_dir": "src",
    }
    assert (tmp_path / "mine/src").is_dir()
    assert (tmp_path / "mine/.telemetry").read_text() == "consent: false\n"


def test_an_empty_folder_is_filled_and_another_one_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_project(tmp_path / "empty")
    assert (tmp_path / "empty/conf/base/catalog.yml").is_file()
    with pytest.raises(ProjectRefused, match="exists already"):
        write_project(tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(ProjectRefused, match="exists already"):
        write_project(tmp_path / "file")


def test_a_path_that_kedro_reads_as_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectRefused, match=r"characters \[ \] of"):
        write_project(tmp_path / "my[1]")
    assert not list(tmp_path.iterdir())


def test_a_package_without_configuration_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_project, "PACKAGE", tmp_path / "lib/site-packages/leap_kedro")
    monkeypatch.setattr(new_project, "_TEMPLATES", tmp_path / "starter")
    with pytest.raises(ProjectRefused, match="pip install leap_kedro"):
        write_project(tmp_path / "mine")
