"""`kedro leap view`: all episodes and corrections of an experiment, in Inspect's viewer."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import click
from kedro.framework.startup import ProjectMetadata

from leap_kedro.commands.running import Project, experiment_options
from leap_kedro.datasets.errors import writing
from leap_kedro.experiments.folders import Experiment, experiment_names
from leap_kedro.messages import as_user_errors
from leap_kedro.records import UserError
from leap_kedro.records.atomic import replaced_folder

_INSTALL = 'pip install -c constraints.txt "leap_kedro[view]"'
_HOST = "127.0.0.1"
_LOGS = "inspect"
_REPORTS = "07_reports"
_PATIENCE = 10  # seconds that the viewer has to end


class CannotView(UserError):
    """There is nothing to show, or it cannot be shown; the message says why and what to do."""


@click.command("view")
@click.option("--port", type=click.IntRange(1, 65535), default=7575, show_default=True, help="Port of the viewer.")
@click.option(
    "--bundle",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Write a static site to this folder instead, for any web server.",
)
@experiment_options
@click.pass_obj
def view(
    metadata: ProjectMetadata,
    port: int,
    bundle: Path | None,
    experiment: str | None,
    params: Mapping[str, Any],
    env: str | None,
) -> None:
    """Browse every episode and correction of an experiment in Inspect's viewer.

    Logs are written to data/07_reports/EXPERIMENT/inspect where they are missing or older than their data. Ctrl-C ends
    the viewer. The logs hold privileged facts of training tasks, marked as such.
    """
    project = Project(metadata, env, params, experiment=experiment)
    if find_spec("inspect_ai") is None:
        raise CannotView(f"The viewer is not installed: {_INSTALL}")
    with as_user_errors(project.data):
        logs = write_logs(project.experiment())
        if bundle is None:
            serve(logs, port)
        else:
            write_site(logs, bundle)


def write_logs(experiment: Experiment) -> Path:
    """Write the logs that are missing or older than their data, and return the folder of all.

    Raises:
        CannotView: If the experiment has no episodes.
        StorageError: If a store cannot be read or a log cannot be written.
    """
    from leap_kedro.reports.inspect.logs import outdated, write_log
    from leap_kedro.reports.inspect.stores import planned_logs

    folder = experiment.data / _REPORTS / experiment.name / _LOGS
    planned = planned_logs(experiment.folders())
    if not planned:
        known = ", ".join(experiment_names(experiment.data)) or "none"
        raise CannotView(
            f"Experiment '{experiment.name}' has no episodes in {experiment.data}. Experiments with data: {known}. "
            "Name one with --experiment=NAME, or run one: kedro run."
        )
    for each in outdated(planned, folder):
        click.echo(f"Writing {write_log(each, folder, experiment.name)}")
    return folder


def serve(logs: Path, port: int) -> None:
    """Run the viewer until it is interrupted.

    Raises:
        CannotView: If the port is in use or the viewer fails.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise CannotView(f"Port {port} cannot be used ({error.strerror}). Choose another: --port=N.") from error
    click.echo(f"Episodes: http://{_HOST}:{port} (Ctrl-C ends the viewer)")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the viewer is ended, too
    where = [f"--log-dir={logs}", f"--host={_HOST}", f"--port={port}"]
    with subprocess.Popen(
        [sys.executable, "-m", "inspect_ai", "view", "start", *where, "--no-trust-content"]
    ) as viewer:
        try:
            failed = viewer.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(viewer)
    if failed:
        raise CannotView(f"The viewer ended with status {failed}: see above.")


def write_site(logs: Path, folder: Path) -> None:
    """Write the viewer with all logs as a static site. A site that is there already is replaced.

    Raises:
        CannotView: If the folder holds anything else.
        StorageError: If it cannot be written.
    """
    from inspect_ai.log import bundle_log_dir

    if folder.exists() and any(folder.iterdir()) and not (folder / "logs" / "listing.json").is_file():
        raise CannotView(f"{folder} holds other files. Choose another folder, or delete it.")
    with writing(folder), replaced_folder(folder.absolute()) as temporary:
        with redirect_stdout(StringIO()):  # it names the temporary folder
            bundle_log_dir(str(logs), str(temporary))
        page = temporary / "index.html"
        place = json.dumps(str(logs.absolute()))  # names this machine's folders, which the site does not need
        page.write_text(page.read_text("utf-8").replace(place, json.dumps(_LOGS)), "utf-8")
    click.echo(f"{folder}: a site for any web server, for example: python -m http.server --directory {folder}")


def _end(viewer: "subprocess.Popen[bytes]") -> None:
    """End the viewer, which has got the user's Ctrl-C as well."""
    viewer.terminate()
    try:
        viewer.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        viewer.kill()
