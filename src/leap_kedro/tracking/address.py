"""Addresses of MLflow: sqlite files as URIs and back, and how an address is shown."""

import re
import shlex
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

URI_VARIABLE = "MLFLOW_TRACKING_URI"
HIDDEN = "***"
_SQLITE = re.compile(r"sqlite(\+\w+)?:///")
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_OPTION = re.compile(r"(?<=[?&])([^=&\s]*(?:pass|pwd|secret|token|key)[^=&\s]*)=[^&\s'\")]+", re.I)


def sqlite_uri(database: Path) -> str:
    """The URI by which SQLAlchemy and MLflow both find a sqlite file, whatever its folders are called.

    SQLAlchemy decodes ``%XX`` and cuts at ``?``, so that both have to be encoded. MLflow makes the parent folder of the
    path as it stands in the URI, without decoding: with the slashes encoded too, that is the root folder, which exists.
    """
    path = str(database.absolute())
    if not set(path) & set("%?#"):
        return f"sqlite:///{path}"
    return f"sqlite:////{quote(path.lstrip('/'), safe='')}"


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite URI; None for any other address, and for a database in memory."""
    if not _SQLITE.match(uri):
        return None
    from sqlalchemy.engine import make_url

    url = make_url(uri)
    if not url.database or url.database == ":memory:" or "uri" in url.query:
        return None
    return Path(url.database).absolute()


def shown(uri: str) -> str:
    """An address as a message names it: a sqlite file's path as it is, and no secrets."""
    file = sqlite_file(uri)
    return f"sqlite:///{file}" if file else without_secrets(uri)


def split_login(uri: str) -> tuple[str, dict[str, str]]:
    """A server's address without user name and password, and the variables by which MLflow takes them.

    MLflow logs the address as it is given when a request fails.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or not parts.username or not parts.password:
        return uri, {}
    login = {"MLFLOW_TRACKING_USERNAME": unquote(parts.username), "MLFLOW_TRACKING_PASSWORD": unquote(parts.password)}
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), login


def without_secrets(text: str) -> str:
    """A text with the user names, passwords and tokens of the addresses in it hidden."""
    return _SECRET_OPTION.sub(rf"\1={HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def how_to_open(uri: str, experiment: str | None = None) -> tuple[str, ...]:
    """What opens MLflow in a browser, as lines: a command where it needs one, and the page (of an experiment's id)."""
    page = f"/#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART" if experiment else ""
    public = without_secrets(uri)
    if uri.startswith(("http://", "https://")):
        return (public.rstrip("/") + page,)
    if "://" not in uri:  # databricks, say
        return (public,)
    store = shlex.quote(uri) if public == uri else f'"${URI_VARIABLE}"'
    return f"mlflow ui --backend-store-uri {store}", f"http://127.0.0.1:5000{page}"
