"""`kedro leap serve`: what keeps it from serving. How it serves is in tests/environments/openenv."""

import socket
import sys

import pytest
from click.testing import CliRunner, Result

from leap_kedro.cli import leap


def served(*arguments: str) -> Result:
    return CliRunner().invoke(leap, ["serve", *arguments])


def test_without_its_packages_it_names_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "leap_kedro.environments.openenv.server", raising=False)
    monkeypatch.setitem(sys.modules, "openenv", None)
    monkeypatch.setitem(sys.modules, "openenv.core", None)
    monkeypatch.setitem(sys.modules, "openenv.core.env_server", None)
    result = served("alfworld")
    assert result.exit_code == 1
    assert 'pip install -c constraints.txt "leap_kedro[openenv]" && pip install --no-deps "openenv' in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("alfwrld",), "Did you mean 'alfworld'"),
        (("alfworld", "--options={"), "no JSON"),
        (("alfworld", "--options=[]"), "no JSON object"),
        (("webshop", '--options={"products": 3}'), "products"),
        (("alfworld", "--port=70000"), "--port"),
    ],
)
def test_what_cannot_be_served_says_why(arguments: tuple[str, ...], message: str) -> None:
    result = served(*arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_a_port_that_is_in_use_is_named() -> None:
    pytest.importorskip("openenv.core", reason="the package openenv is not installed (docs/openenv.md)")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = served("alfworld", f"--port={port}")
    assert result.exit_code == 1
    assert f"Nothing can listen on 127.0.0.1:{port}" in result.output
