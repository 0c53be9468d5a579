"""Errors of MLflow: one message with its address, the cause and the next command."""

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
"""Packages whose exceptions mean that the tracking server, its database or its artifact store failed."""

_LONGEST = 300  # characters of a cause
_STATUS = re.compile(r"error code (\d{3})\b|too many (\d{3}) error responses|\b(\d{3}) (?:Client|Server) Error")
_MEANING = {"401": " (a user name and a password or a token is needed)", "403": " (this user may not do that)"}
_SYSTEM = re.compile(r"\[Errno -?\d+\] ([^'\")\n]+)")


class MlflowFailed(UserError):
    """MLflow is unreachable or refuses, or its file cannot be used."""


@contextmanager
def reported(uri: str, *, started: bool) -> Iterator[None]:
    """Turn exceptions of MLflow at `uri`, its database or its artifact store into an `MlflowFailed`.

    `started` says whether a run has started, so that the message can speak of finished work.
    """
    try:
        yield
    except Exception as error:
        # A missing module is the driver of a database or the client of an artifact store.
        if isinstance(error, ModuleNotFoundError) or any(
            kind.__module__.partition(".")[0] in _PACKAGES for kind in type(error).__mro__
        ):
            raise MlflowFailed(_message(uri, cause(error), started)) from error
        raise


def cause(error: BaseException) -> str:
    """The reason of a failure, in one line and without secrets."""
    text = without_secrets(str(error)).strip()
    first = text.partition("\n")[0][:_LONGEST].rstrip(" .") or type(error).__name__
    if type(error).__name__ == "RestException":  # MLflow's own refusal, with its reason
        status = str(error.get_http_status_code())  # type: ignore[attr-defined]
        return f"it answers HTTP {status}{_MEANING.get(status, '')}: {first}"
    if found := _STATUS.search(text):
        status = next(group for group in found.groups() if group)
        return f"it answers HTTP {status}{_MEANING.get(status, '')}"
    if "timed out" in text.lower() or "timeout" in text.lower():
        return "it did not answer in time"
    if found := _SYSTEM.search(text):
        return found[1].strip()
    if "valid JSON" in text or "experiment ''" in text.lower():
        return "its answer is not MLflow's (a page of a proxy, or another program?)"
    return first


def _message(uri: str, why: str, started: bool) -> str:
    kept = "What is finished is kept." if started else "This run did not start."
    after = "run the same command again" + (": it continues, and logs what is missing in MLflow." if started else ".")
    return f"MLflow at {shown(uri)} cannot be used{through(uri)}: {why}. {kept} {_advice(uri)}, then {after}"


def _advice(uri: str) -> str:
    elsewhere = f"or set {URI_VARIABLE} to another address"
    if sqlite_file(uri):
        return f"Make the file usable or move it away (a new one is created), {elsewhere}"
    secrets = ", MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN if it needs them"
    login = secrets if uri.startswith(("http://", "https://")) else ""
    return f"Check the address, that its server runs{login}, {elsewhere} (unset it for a file in this project)"
