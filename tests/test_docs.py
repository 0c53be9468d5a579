"""The pages name things that exist: links, commands, options, parameters, the file tree. Nothing is run."""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from leap_kedro.environments.registry import OWN, REGISTERED, environment_folder

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "conf/*.md", "src/**/*.md", "examples/*/*.md")
    for page in ROOT.glob(pattern)
    if "local" not in page.parts
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OTHER_GROUPS = {"viz": "run build", "registry": "list", "catalog": "list describe-datasets"}
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def code_lines(text: str) -> Iterator[str]:
    """Lines of fenced blocks, and inline code."""
    for language, block in FENCE.findall(text):
        if language in ("bash", "text", ""):
            yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands(text: str) -> Iterator[list[str]]:
    """Words of each shell command, without variables set in front of it."""
    for line in code_lines(text):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words[:3] == ["python", "-m", "leap_kedro"]:
            words[:3] = ["kedro", "run"]
        if len(words) > 1 and words[0] in ("kedro", "leap-kedro", "make", "python"):
            yield words


def parameters(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted paths of a model's fields, blocks included."""
    for name, field in model.model_fields.items():
        yield prefix + name
        for kind in get_args(field.annotation) or (field.annotation,):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from parameters(kind, f"{prefix}{name}.")


def all_parameters() -> set[str]:
    """Dotted paths of all parameters."""
    from leap_kedro.pipelines.parameters import LeapParameters, options_model

    options = {name: model for name in REGISTERED if (model := options_model(name))}
    of_environments = (parameters(model, f"environments.{name}.") for name, model in options.items())
    return {*parameters(LeapParameters), *chain.from_iterable(of_environments)}


@pytest.fixture(scope="module")
def known_parameters() -> set[str]:
    return all_parameters()


def is_parameter(path: str, known: set[str]) -> bool:
    """A parameter, an entry of one that is a mapping, or a value that a stage replaces of a shared block."""
    overridden = re.sub(r"^(bootstrap|training|training\.dpo|base_model)\.(?=fine_tuning\.)", "", path)
    overridden = overridden.replace("correction.teacher.server.", "server.")
    return overridden in known or path.rpartition(".")[0] == "data_preparation.test"


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pages
def test_links_resolve(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


@pages
def test_no_page_names_a_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(work|tmp|home|root|Users)/", page.read_text(encoding="utf-8"))


@pages
def test_commands_exist(page: Path, known_parameters: set[str]) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        checks = {"kedro": check_kedro, "leap-kedro": check_leap_kedro, "make": check_make, "python": check_python}
        check = checks[words[0]]
        try:
            check(words[1:], known_parameters)
        except AssertionError as error:
            raise AssertionError(f"{page.name}: {' '.join(words)}: {error}") from error


def check_make(words: list[str], _: set[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    wanted = {word for word in words if "=" not in word}
    assert wanted <= targets, f"no target {wanted - targets}"


def check_leap_kedro(words: list[str], _: set[str]) -> None:
    from leap_kedro.commands.new_project import main

    assert words[0] in main.commands, f"no command {words[0]}"


def check_python(words: list[str], _: set[str]) -> None:
    if words[0] == "-m":
        spec = find_spec(words[1])
        assert spec, f"no module {words[1]}"
        source, rest = Path(spec.origin or ""), words[2:]
        if words[1].startswith("leap_kedro"):
            assert 'if __name__ == "__main__":' in source.read_text(encoding="utf-8"), f"{words[1]} is no command"
    else:
        source, rest = ROOT / words[0], words[1:]
        assert source.is_file(), f"no file {words[0]}"
    for word in rest:
        if word.startswith("--"):
            assert f'"{word.partition("=")[0]}"' in source.read_text(encoding="utf-8"), f"no option {word}"


def check_kedro(words: list[str], known: set[str]) -> None:
    from kedro.framework.cli.project import package, run

    from leap_kedro.cli import leap
    from leap_kedro.pipeline_registry import register_pipelines

    command, *rest = words
    if command in OTHER_GROUPS:
        assert rest[0] in OTHER_GROUPS[command].split(), f"no command {rest[0]}"
    else:
        assert command in ("run", "package", "leap"), f"no command {command}"
        click_command = package if command == "package" else run
        if command == "leap":
            name, *rest = [word for word in rest if word != "..."] or ["run"]
            assert name in leap.commands, f"no command {name}"
            click_command = leap.commands[name]
        options = {option for parameter in click_command.params for option in (*parameter.opts, "--help")}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("-")} - options
        assert not unknown, f"no option {unknown}"
    for word in rest:
        option, _, value = word.partition("=")
        if option in ("--pipeline", "--pipelines"):
            assert set(value.split(",")) <= register_pipelines().keys(), f"no pipeline {value}"
        if option == "--params":
            wrong = [pair for pair in value.split(",") if not is_parameter(pair.partition("=")[0], known)]
            assert not wrong, f"no parameter {wrong}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_parameters_exist(page: Path, known_parameters: set[str]) -> None:
    stages = {path.partition(".")[0] for path in known_parameters if "." in path}
    for code in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if code.partition(".")[0] in stages and not code.endswith((".json", ".jsonl")):
            assert is_parameter(code, known_parameters), f"{page.name}: {code}"


def test_every_parameter_is_explained(known_parameters: set[str]) -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| .+ \| (\S.*) \|$", (ROOT / "docs/parameters.md").read_text("utf-8"), re.M)
    blocks = {path.rpartition(".")[0] for path in known_parameters}
    assert known_parameters - {name for name, _ in rows} <= blocks


def test_the_generated_pages_are_current() -> None:
    pytest.importorskip("griffe", reason="needs griffe, of the extra [docs]")
    checked = subprocess.run(
        [sys.executable, ROOT / "docs/generate/reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_navigation_of_the_site_shows_every_page() -> None:
    site = runpy.run_path(str(ROOT / "docs/generate/pages.py"))
    assert sorted(site["navigation"]()) == site["pages"]()


def test_the_floors_are_those_that_are_enforced() -> None:
    floors, environments = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Floors\n")[2].partition("\n## ")[0]
    drawn = [re.split(r"  +", line.strip())[0].split(", ") for line in re.findall(r"^ {4,}(.+)$", section, re.M)]
    assert drawn == [layer.split(" | ") for layer in floors["layers"]]
    assert environments["type"] == "independence"
    own = {name for name in REGISTERED if environment_folder(name).parent == OWN}
    assert {module.rpartition(".")[2] for module in environments["modules"]} == own


def test_the_file_tree_is_the_one_there_is() -> None:
    tree = next(block for language, block in FENCE.findall((ROOT / "README.md").read_text()) if language == "text")
    folders: list[str] = []
    for line in tree.splitlines():
        indent, name = re.fullmatch(r"( *)(\S+)(?: .*)?", line).groups()  # type: ignore[union-attr]
        folders[len(indent) // 4 :] = [name]
        assert ROOT.joinpath(*folders).exists(), "/".join(folders)
