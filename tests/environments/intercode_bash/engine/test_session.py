"""Commands one after the other: quoting, the working directory, what is told of a command that was ended."""

from collections.abc import Iterator

import pytest
from bash_sandboxes import runtime_or_skip
from hypothesis import given
from hypothesis import strategies as st

from leap_kedro.environments.intercode_bash.engine.reward import Quoting
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Ending, Executed, Sandbox
from leap_kedro.environments.intercode_bash.engine.sandbox.trees import tree_of
from leap_kedro.environments.intercode_bash.engine.session import Session, simplified

TREE = tree_of({"a/b/deep.txt": "deep\n", "a b/f.txt": "f\n", "top.txt": "top\n"})


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    opened = runtime_or_skip().host.open(TREE)
    yield opened
    opened.close()


def outputs(sandbox: Sandbox, quoting: Quoting, *commands: str) -> list[str]:
    session = Session(sandbox, quoting)
    return [session.run(command).output for command in commands]


def test_a_plain_cd_lasts_and_nothing_else_does(sandbox: Sandbox) -> None:
    said = outputs(sandbox, Quoting.SAFE, "cd /a", "pwd", "cd b/..", "cd 'b'", "pwd", "cd", "pwd", "x=1", "echo $x")
    assert said == ["", "/a\n", "", "", "/a/b\n", "", "/root\n", "", "\n"]


def test_a_cd_with_more_behind_it_is_a_command_like_others(sandbox: Sandbox) -> None:
    assert outputs(sandbox, Quoting.SAFE, "cd /a && ls", "pwd", "cd /a; ls", "pwd") == ["b\n", "/\n", "b\n", "/\n"]


def test_a_cd_to_nowhere_says_so_and_stays(sandbox: Sandbox) -> None:
    there, where = outputs(sandbox, Quoting.SAFE, "cd /nowhere", "pwd")
    assert "No such file or directory" in there
    assert where == "/\n"


def test_quotes_are_kept_where_the_original_loses_them(sandbox: Sandbox) -> None:
    command = 'cat "/a b/f.txt"'
    assert outputs(sandbox, Quoting.SAFE, command) == ["f\n"]
    (lost,) = outputs(sandbox, Quoting.INTERCODE, command)
    assert "/a: Is a directory" in lost or "No such file" in lost


def test_what_the_original_cannot_cut_is_malformed(sandbox: Sandbox) -> None:
    session = Session(sandbox, Quoting.INTERCODE)
    ran = session.run('echo "')
    assert (ran.output, ran.ending, ran.succeeded) == ("Malformed command", Ending.REFUSED, False)
    assert session.run(r"printf '\xff'").output == "Malformed command"


def test_the_original_resolves_the_path_of_a_cd_by_itself(sandbox: Sandbox) -> None:
    assert outputs(sandbox, Quoting.INTERCODE, "cd a/b/../b", "pwd", "cd ..", "pwd")[1::2] == ["/a/b\n", "/a\n"]


def test_background_jobs_end_before_the_output_is_read(sandbox: Sandbox) -> None:
    assert outputs(sandbox, Quoting.SAFE, "(sleep 0.3; echo late; echo late > /late) & echo at once", "cat /late") == [
        "at once\nlate\n",
        "late\n",
    ]


class Ended:
    """A sandbox whose commands all end in one way."""

    def __init__(self, ending: Ending) -> None:
        self.ending = ending

    def exec(self, *_: object) -> Executed:
        return Executed(b"some", -9, self.ending)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (Ending.TIME, "Command timed out"),
        (Ending.OUTPUT, "some[The command was ended: it wrote too much.]"),
        (Ending.DISK, "[The command was ended: it filled the disk. All changes to the file system are undone.]"),
        (Ending.MEMORY, "[The command was ended: it took too much memory.]"),
        (Ending.REFUSED, "Malformed command"),
    ],
)
def test_a_command_that_was_ended_is_told(ending: Ending, told: str) -> None:
    ran = Session(Ended(ending), Quoting.SAFE).run("x")  # type: ignore[arg-type]
    assert (ran.output, ran.succeeded, ran.ending) == (told, False, ending)


@given(st.text(alphabet="ab/.", max_size=12), st.text(alphabet="ab/.", max_size=12))
def test_a_resolved_path_is_absolute_and_simple(current: str, changed: str) -> None:
    found = simplified(f"/{current}", changed)
    assert found.startswith("/")
    assert not {"", ".", ".."} & set(found.split("/")[1:]) or found == "/"
    assert simplified("/", found) == found
