"""MLflow that cannot be used: one message with its address, the cause and the next command."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from leap_kedro.language_models.network import through
from leap_kedro.records import UserError
from leap_kedro.tracking.address import URI_VARIABLE, shown, sqlite_file, without_secrets

_PACKAGES = {
    "mlflow", "requests", "urllib3", "sqlalchemy", "sqlite3", "alembic",
    "botocore", "boto3", "google", "azure", "psycopg2", "pymysql", "MySQLdb", "pyodbc",
}  # fmt: skip
"""Packages whose exceptions say that the tracking server, its database or its artifact store failed."""

_LONGEST = 300  # characters of a cause
_STATUS = re.compile(r"error code (\d{3})\b|too many (\d{3}) error responses|\b(\d{3}) (?:Client|Server) Error")
_MEANING = {"401": "a user name and a password or a token is needed", "403": "this user may not do that"}
_SYSTEM = re.compile(r"\[Errno -?\d+\] ([^'\")\n]+)")


class MlflowFailed(UserError):
    """MLflow could not be reached, refused, or its file cannot be used."""


@contextmanager
def told(uri: str, started: bool) -> Iterator[None]:
    """Turn what MLflow raises into an `MlflowFailed`.

    Args:
        uri: Tracking URI in use.
        started: Whether a run is under way, so that there may be finished work to speak of.

    Raises:
        MlflowFailed: If MLflow, its database or its artifact store fails.
    """
    try:
        yield
    except Exception as error:
        if not _is_of_mlflow(error):
            raise
        raise MlflowFailed(_message(uri, cause(error), started)) from error


def cause(error: BaseException) -> str:
    """Why MLflow failed, in one line and without secrets."""
    text = without_secrets(str(error)).strip()
    first = text.partition("\n")[0][:_LONGEST].rstrip(" .") or type(error).__name__
    if type(error).__name__ == "RestException":  # MLflow's own refusal, which has its reason
        return f"it answers {_http(str(error.get_http_status_code()))}: {first}"  # type: ignore[attr-defined]
    if found := _STATUS.search(text):
        return f"it answers {_http(next(group for group in found.groups() if group))}"
    if "timed out" in text.lower() or "timeout" in text.lower():
        return "it did not answer in time"
    if found := _SYSTEM.search(text):
        return found[1].strip()
    if "valid JSON" in text or "experiment ''" in text:
        return "its answer is not MLflow's (a page of a proxy, or another program?)"
    return first


def _http(status: str) -> str:
    return f"HTTP {status} ({_MEANING[status]})" if status in _MEANING else f"HTTP {status}"


def _is_of_mlflow(error: Exception) -> bool:
    if isinstance(error, ModuleNotFoundError):  # the driver of a database, the client of an artifact store
        return True
    return any(kind.__module__.partition(".")[0] in _PACKAGES for kind in type(error).__mro__)


def _message(uri: str, why: str, started: bool) -> str:
    kept = "What is finished is kept." if started else "This run did not start."
    after = "run the same command again" + (": it continues, and logs what MLflow is missing." if started else ".")
    return f"MLflow at {shown(uri)} cannot be used{through(uri)}: {why}. {kept} {_advice(uri)}, then {after}"


def _advice(uri: str) -> str:
    elsewhere = f"or set {URI_VARIABLE} to another address"
    if sqlite_file(uri):
        return f"Make the file usable or move it away (a new one is made), {elsewhere}"
    if uri.startswith(("http://", "https://")):
        return (
            "Check that the server runs, its address, and if it asks for them MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, {elsewhere} (unset it for a file in this project)"
        )
    return f"Check the address and that its server runs, {elsewhere} (unset it for a file in this project)"
