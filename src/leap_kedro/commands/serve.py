"""`kedro leap serve`: an environment as an OpenEnv server."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any

import click
from pydantic import ValidationError

from leap_kedro.environments.openenv.errors import SECRET_VARIABLE, CannotServe, MissingPackage, given_secret
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark


def _parsed(context: click.Context, parameter: click.Parameter, given: str) -> Mapping[str, Any]:
    try:
        options = json.loads(given)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"no JSON: {error}") from error
    if not isinstance(options, dict):
        raise click.BadParameter('no JSON object, such as \'{"source": "generated"}\'')
    return options


@click.command("serve")
@click.argument("environment")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--sessions", type=click.IntRange(min=1), default=64, show_default=True, help="Clients at once.")
@click.option("--options", callback=_parsed, default="{}", help="Options of the environment, as JSON.")
def serve(environment: str, port: int, host: str, sessions: int, options: Mapping[str, Any]) -> None:
    """Serve ENVIRONMENT, a registered name or package.module:Class, to OpenEnv clients until interrupted.

    Privileged facts are told only to clients that give the secret of the variable LEAP_OPENENV_SECRET at a reset; to
    nobody if it is not set.
    """
    try:
        benchmark = make_benchmark(EnvironmentSpec(environment, options))
    except ValidationError as error:
        raise CannotServe(f"The environment '{environment}' cannot be built with --options: {error}") from error
    try:
        from leap_kedro.environments.openenv.server import bound, listen, server_app
    except ModuleNotFoundError as error:
        raise MissingPackage(error.name) from error
    secret = given_secret()
    app = server_app(benchmark, sessions, secret)
    with bound(host, port) as on:
        address = f"http://{f'[{host}]' if ':' in host else host}:{on.getsockname()[1]}"
        told = f"with the secret of {SECRET_VARIABLE}" if secret else f"never ({SECRET_VARIABLE} is not set)"
        click.echo(f"{benchmark.name} at {address}, {sessions} sessions at once; privileged facts: {told}.")
        if not _is_own(host):
            click.secho(
                f"Whoever reaches {address} can play, and nothing is encrypted: docs/openenv.md.", fg="yellow", err=True
            )
        listen(app, on)


def _is_own(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
