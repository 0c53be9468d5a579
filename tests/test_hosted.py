"""Files for the host of the repository: workflows, templates, citation, release notes; and schemas of such files."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import leap_kedro

ROOT = Path(__file__).parents[1]
HOST = ROOT / ".github"
WORKFLOWS = sorted(HOST.glob("workflows/*.yml"))


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("dependabot", [HOST / "dependabot.yml"]),
        ("github-issue-forms", [HOST / "ISSUE_TEMPLATE/bug.yml", HOST / "ISSUE_TEMPLATE/idea.yml"]),
        ("github-issue-config", [HOST / "ISSUE_TEMPLATE/config.yml"]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
        ("compose-spec", [ROOT / "deploy/compose.yaml"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_have_the_form_of_their_schema(schema: str, files: list[Path]) -> None:
    pytest.importorskip("check_jsonschema", reason="needs check-jsonschema, of the extra [dev]")
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def jobs(workflow: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((HOST / "workflows" / workflow).read_text(encoding="utf-8"))["jobs"]
    return read


def test_the_workflows_call_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    called = {target for file in WORKFLOWS for target in re.findall(r"run: make ([a-z-]+)", file.read_text("utf-8"))}
    assert {"lint", "install", "docs"} <= called <= targets


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest, above = map(int, re.findall(r"3\.(\d+)", project["requires-python"]))
    supported = [f"3.{minor}" for minor in range(lowest, above)]
    for job in ("tests", "wheel"):
        assert jobs("ci.yml")[job]["strategy"]["matrix"]["python"] == supported


def test_only_a_release_may_write() -> None:
    for file in WORKFLOWS:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert read["permissions"] == {"contents": "read"}
        writing = {name for name, job in read["jobs"].items() if "write" in job.get("permissions", {}).values()}
        assert writing == ({"release"} if file.name == "release.yml" else set())


def test_the_citation_names_the_version_and_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == leap_kedro.__version__
    assert [author["family-names"] for author in citation["preferred-citation"]["authors"]] == ["Choudhury", "Sodhi"]
    assert citation["preferred-citation"]["url"].endswith("/2410.05434")


@pytest.fixture(scope="module")
def release_notes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_notes", HOST / "release_notes.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGELOG = (
    "# Changelog\n\n## [0.2.0] - 2026-02-01\n\n### Added\n\n- A thing.\n\n## [0.1.0] - unreleased\n\n- Another.\n"
)


def test_the_notes_of_a_release_are_its_section(release_notes: ModuleType) -> None:
    assert release_notes.notes(CHANGELOG, "0.2.0") == "### Added\n\n- A thing.\n"


@pytest.mark.parametrize(
    ("version", "why"), [("0.1.0", "has no date but 'unreleased'"), ("0.3.0", "has no section"), ("0.2", "no section")]
)
def test_without_a_dated_section_there_is_no_release(release_notes: ModuleType, version: str, why: str) -> None:
    with pytest.raises(SystemExit, match=why):
        release_notes.notes(CHANGELOG, version)


def test_the_tag_is_the_version_of_the_package(release_notes: ModuleType) -> None:
    assert release_notes.package_version() == leap_kedro.__version__
    with pytest.raises(SystemExit, match="is not the version"):
        release_notes.main("v9.9.9")
