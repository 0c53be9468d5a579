"""MLflow's sqlite file: created atomically, and checked before MLflow opens it."""

import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from leap_kedro.datasets.errors import writing
from leap_kedro.tracking.address import URI_VARIABLE, sqlite_file, sqlite_uri
from leap_kedro.tracking.failures import MlflowFailed, cause

_MOVE = "Move it away (a new file is created)"
_REFUSALS = {
    "locked": ("is locked by another process", "End that process"),
    "readonly": ("cannot be written", "Make the file and its folder writable for this user"),
    "not a database": ("is not a database", _MOVE),
}
"""Part of sqlite's message -> the second half of a sentence, and what to do."""
PATIENCE = 10.0  # seconds to wait for a file that another process has locked


def prepare_database(uri: str) -> None:
    """Create a missing sqlite file, and refuse one that MLflow cannot use. Other addresses are ignored.

    MLflow would retry for minutes on a file that is not a database, create its tables in a database of another program,
    and change an older schema without asking.

    Raises:
        MlflowFailed: If the file cannot be used; the message says why and what to do.
        StorageError: If it cannot be created.
    """
    database = sqlite_file(uri)
    if database is None:
        return
    if not database.exists() or (database.is_file() and database.stat().st_size == 0):
        _create(database)
    elif refusal := _refusal(database, uri):
        what, advice = refusal
        raise MlflowFailed(
            f"MLflow's file {database} {what}. This run did not start. {advice}, or set {URI_VARIABLE} to another "
            "address, then run the same command again."
        )


def _create(database: Path) -> None:
    """Create the file atomically.

    MLflow creates its tables one by one: two simultaneous first runs would fail, and a kill would leave half of them.
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


def _refusal(database: Path, uri: str) -> tuple[str, str] | None:
    """Why a file cannot be used, and what to do; None if it can be used."""
    if not database.is_file():
        return "is not a file", _MOVE
    version = None
    try:
        with closing(sqlite3.connect(database, timeout=PATIENCE, isolation_level=None)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "alembic_version" in tables:
                version = next(
                    (found for (found,) in connection.execute("SELECT version_num FROM alembic_version")), None
                )
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE leap_probe (value)")  # fails if the file or its folder is read-only
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        why = cause(error)
        other = (f"cannot be used ({why})", "Make it usable, or move it away (a new file is created)")
        return next((refusal for said, refusal in _REFUSALS.items() if said in why), other)
    if version is None:
        return ("is not a database of MLflow, or is incomplete", _MOVE) if tables else None
    return _refusal_of_version(str(version), uri)


def _refusal_of_version(version: str, uri: str) -> tuple[str, str] | None:
    """Compare the revision of a file's schema with MLflow's."""
    from alembic.script import ScriptDirectory
    from mlflow import __version__
    from mlflow.store.db.utils import _get_alembic_config

    scripts = ScriptDirectory.from_config(_get_alembic_config(""))  # type: ignore[no-untyped-call]
    if version in scripts.get_heads():
        return None
    if any(script.revision == version for script in scripts.walk_revisions()):
        upgrade = f"Copy the file as a backup, then upgrade it:  mlflow db upgrade {shlex.quote(uri)}  "
        return f"has the schema of an older MLflow than the installed one ({__version__})", upgrade
    unknown = f"has a schema that the installed MLflow ({__version__}) does not know (revision {version})"
    return f"{unknown}: a newer MLflow wrote it", "Install that MLflow, move the file away (a new one is created)"
