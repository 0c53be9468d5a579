"""How changes are told: as ``git status --short`` would."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from bash_sandboxes import runtime_or_skip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leap_kedro.environments.intercode_bash.engine.sandbox.layer import IGNORED, compare, whole
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Changes, Layer, Limits, Status
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Entry, Kind, Tree, tree_of
from leap_kedro.environments.intercode_bash.engine.sandbox.upper import usage

NEW, MODIFIED, DELETED, TYPE = Status.NEW, Status.MODIFIED, Status.DELETED, Status.TYPE
TREE = tree_of({"a/keep.txt": "keep\n", "a/b/deep.txt": "deep\n", "a/run.sh": "x\n", "empty/": "", "top.txt": "top\n"})


@pytest.mark.parametrize(
    ("command", "changed"),
    [
        ("true", {}),
        ("echo more >> /top.txt", {"top.txt": MODIFIED}),
        ("echo top > /top.txt", {}),
        ("touch /top.txt", {}),
        ("chmod u+x /a/run.sh", {"a/run.sh": MODIFIED}),
        ("chmod 600 /a/run.sh", {}),
        ("rm /a/keep.txt", {"a/keep.txt": DELETED}),
        ("rm -r /a", {"a/keep.txt": DELETED, "a/b/deep.txt": DELETED, "a/run.sh": DELETED}),
        ("rm -r /a; mkdir /a; echo keep > /a/keep.txt", {"a/b/deep.txt": DELETED, "a/run.sh": DELETED}),
        ("mkdir -p /n/m", {}),
        ("mkdir -p /n/m; echo 1 > /n/m/f; echo 2 > /n/g", {"n/": NEW}),
        ("echo 1 > /a/b/new.txt", {"a/b/new.txt": NEW}),
        ("mkdir /a/n; echo 1 > /a/n/f", {"a/n/": NEW}),
        ("echo 1 > /empty/f", {"empty/": NEW}),
        ("mv /a/b /a/c", {"a/b/deep.txt": DELETED, "a/c/": NEW}),
        ("rm /top.txt; ln -s a /top.txt", {"top.txt": TYPE}),
        ("rm /top.txt; mkdir /top.txt; echo 1 > /top.txt/f", {"top.txt": DELETED}),
        ("rm -r /a; echo 1 > /a", {"a": NEW, "a/keep.txt": DELETED, "a/b/deep.txt": DELETED, "a/run.sh": DELETED}),
        ("ln -s nowhere /link", {"link": NEW}),
        ("mkfifo /pipe", {}),
        ("rm /top.txt; mkfifo /top.txt", {"top.txt": DELETED}),
        ("echo 1 > /etc/new; echo 1 > /var/log/x; mkdir /a/lib; echo 1 > /a/lib/x", {}),
        ("echo 1 > /mnt/f", {"mnt/": NEW}),
        ("mkdir /q; echo 1 > /q/f; chmod 000 /q/f /q", {"q/": NEW}),
    ],
)
def test_a_command_changes(command: str, changed: dict[str, Status]) -> None:
    sandbox = runtime_or_skip().host.open(TREE)
    done = sandbox.exec(["bash", "-c", command], "/")
    assert done.output == b""
    assert dict(sandbox.changes().files) == changed
    other = sandbox.copy()
    assert other.changes() == sandbox.changes()
    sandbox.close()
    other.close()


def test_what_is_new_is_told_apart_by_what_it_holds() -> None:
    def digests(command: str) -> Sequence[str]:
        sandbox = runtime_or_skip().host.open(TREE)
        sandbox.exec(["bash", "-c", command], "/")
        found = sandbox.changes().digests
        sandbox.close()
        return [found[path] for path in sorted(found)]

    assert digests("echo 1 > /f") == digests("echo 1 > /f; touch -d 2001-01-01 /f")
    assert digests("echo 1 > /f") != digests("echo 2 > /f")
    assert digests("mkdir /d; echo 1 > /d/a") != digests("mkdir /d; echo 1 > /d/b")
    to_keep = digests("ln -s /a/keep.txt /f")
    assert to_keep == digests("ln -s a/keep.txt /f") == digests("cp /a/keep.txt /f")
    assert to_keep != digests("ln -s /top.txt /f")
    assert to_keep != digests("ln -s /a/keep.txt /f; rm /a/keep.txt")
    assert digests("ln -s /f /f") == digests("ln -s nowhere /f") == digests("ln -s a /f")


NAMES = st.sampled_from(["x", "y", "z", "lib", "é w"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def _free_of_clashes(paths: Sequence[str]) -> bool:
    return not any(other != path and other.startswith(f"{path}/") for path in paths for other in paths)


FILES = st.dictionaries(PATHS, st.sampled_from(["1", "2"]), max_size=5).filter(lambda files: _free_of_clashes([*files]))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(before=FILES, after=FILES)
def test_it_is_what_git_says(tmp_path: Path, before: dict[str, str], after: dict[str, str]) -> None:
    place = tmp_path / "repository"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()

    def git(*arguments: str) -> str:
        command = ["git", "-c", "core.quotepath=off", "-c", "user.name=n", "-c", "user.email=e", *arguments]
        return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    (place / ".git" / "info" / "exclude").write_text("".join(f"{name}\n" for name in IGNORED))
    _write(place, before)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "m")
    for path in before:
        (place / path).unlink()
    for folder in sorted(
        (each for each in place.rglob("*") if each.is_dir() and ".git" not in each.parts), reverse=True
    ):
        folder.rmdir()
    _write(place, after)
    told = {}
    for line in git("status", "--short", "-z").split("\0"):
        if line:
            told[line[3:]] = Status(line[:2].strip())
    assert dict(_changes(before, after).files) == told


def _write(place: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content)


def _changes(before: dict[str, str], after: dict[str, str]) -> Changes:
    tree = tree_of(before)
    return compare(whole(tree_of(after).entries, tree), tree)


def test_a_large_layer_is_told_without_counting_all_of_it(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"f{number}").write_text("x" * 5000)
    found = usage(tmp_path, Limits(entries=10), settled=True)
    assert found.exceeds(Limits(entries=10))
    assert found.entries == 11
    assert not usage(tmp_path, Limits(), settled=True).exceeds(Limits())


def test_a_layer_without_a_tree_is_all_new() -> None:
    layer = Layer({"f": Entry(Kind.FILE, b"1")}, frozenset())
    assert compare(layer, Tree({})).files == {"f": NEW}
