"""The sqlite file that MLflow keeps its records in: made whole, and looked at before MLflow is."""

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from leap_kedro.datasets.errors import writing
from leap_kedro.tracking.address import URI_VARIABLE, sqlite_file, sqlite_uri
from leap_kedro.tracking.failures import MlflowFailed, cause

_VERSION = "alembic_version"  # the table
PATIENCE = 10.0  # seconds that a file locked by another process is waited for


def prepare_database(uri: str) -> None:
    """Make a sqlite file that is not there yet, and refuse one that MLflow cannot use.

    MLflow would retry for minutes on a file that is no database, make its tables in a foreign one, and change the
    schema of an older one unasked.

    Args:
        uri: Address of the tracking server; nothing is done for any other than a sqlite file.

    Raises:
        MlflowFailed: If the file cannot be used; the message says why and what to do.
        StorageError: If it cannot be made.
    """
    database = sqlite_file(uri)
    if database is None:
        return
    if not database.exists() or (database.is_file() and database.stat().st_size == 0):
        _make(database)
    else:
        _check(database, uri)


def _make(database: Path) -> None:
    """Whole or not at all.

    MLflow makes its tables one by one: two first runs at once fail over that, and a kill leaves half of them for good.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with writing(database):
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock"):
            if database.exists() and database.stat().st_size:
                return
            unfinished = database.with_name(f"{database.name}.{os.getpid()}")
            artifacts = (database.parent / "mlartifacts").as_uri()
            store = SqlAlchemyStore(sqlite_uri(unfinished), artifacts)  # type: ignore[no-untyped-call]
            store.engine.dispose()
            unfinished.replace(database)


def _check(database: Path, uri: str) -> None:
    if not database.is_file():
        raise _unusable(database, "is not a file", "Move it away (a new file is made)")
    try:
        with closing(sqlite3.connect(database, timeout=PATIENCE, isolation_level=None)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            versions = connection.execute("SELECT version_num FROM alembic_version") if _VERSION in tables else ()
            version = next((str(found) for (found,) in versions), None)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE leap_probe (value)")  # fails where the file or its folder is read-only
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise _unusable(database, *_explained(cause(error))) from error
    if tables and version is None:
        raise _unusable(
            database, "is not a database of MLflow, or was left half-made", "Move it away (a new file is made)"
        )
    _check_version(database, uri, version)


def _explained(why: str) -> tuple[str, str]:
    """What is wrong with a file in a sentence's second half, and what to do."""
    if "locked" in why:
        return "is locked by another process", "End that process"
    if "readonly" in why:
        return "cannot be written", "Make the file and its folder writable for this user"
    if "not a database" in why:
        return "is not a database", "Move it away (a new file is made)"
    return f"cannot be used ({why})", "Make it usable, or move it away (a new file is made)"


def _check_version(database: Path, uri: str, version: str | None) -> None:
    """Compare the revision of the file's schema with MLflow's. Of an empty database MLflow makes its own."""
    if version is None:
        return
    from alembic.script import ScriptDirectory
    from mlflow import __version__
    from mlflow.store.db.utils import _get_alembic_config

    scripts = ScriptDirectory.from_config(_get_alembic_config(""))  # type: ignore[no-untyped-call]
    if version in scripts.get_heads():
        return
    if any(script.revision == version for script in scripts.walk_revisions()):
        raise _unusable(
            database,
            f"has the schema of an older MLflow than the installed one ({__version__})",
            f"Copy the file as a backup, then upgrade it:  mlflow db upgrade {shlex.quote(uri)}  ",
        )
    raise _unusable(
        database,
        f"has a schema that the installed MLflow ({__version__}) does not know: a newer MLflow made it (revision "
        f"{version})",
        "Install that MLflow, move the file away (a new one is made)",
    )


def _unusable(database: Path, what: str, advice: str) -> MlflowFailed:
    return MlflowFailed(
        f"MLflow's file {database} {what}. This run did not start. {advice}, or set {URI_VARIABLE} to another address, "
        "then run the same command again."
    )
