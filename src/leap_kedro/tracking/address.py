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
    """The URI of a sqlite file for both SQLAlchemy and MLflow, whatever characters its path has.

    SQLAlchemy decodes ``%XX`` and cuts at ``?``, so both must be encoded. MLflow creates the parent folder of the path
    without decoding it: with the slashes encoded too, that is the root folder, which exists.
    """
    path = str(database.absolute())
    if not set(path) & set("%?#"):
        return f"sqlite:///{path}"
    return f"sqlite:////{quote(path.lstrip('/'), safe='')}"


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite URI; None for other addresses and for databases in memory."""
    if not _SQLITE.match(uri):
        return None
    from sqlalchemy.engine import make_url

    url = make_url(uri)
    if not url.database or url.database == ":memory:" or "uri" in url.query:
        return None
    return Path(url.database).absolute()


def shown(uri: str) -> str:
    """An address for messages: a sqlite file by its plain path, and without secrets."""
    file = sqlite_file(uri)
    return f"sqlite:///{file}" if file else without_secrets(uri)


def split_login(uri: str) -> tuple[str, dict[str, str]]:
    """A server's address without user name and password, and MLflow's variables for these.

    MLflow logs the whole address when a request fails.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or not parts.username or not parts.password:
        return uri, {}
    login = {"MLFLOW_TRACKING_USERNAME": unquote(parts.username), "MLFLOW_TRACKING_PASSWORD": unquote(parts.password)}
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), login


def without_secrets(text: str) -> str:
    """A text with the user names, passwords and tokens in its addresses replaced."""
    return _SECRET_OPTION.sub(rf"\1={HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def how_to_open(uri: str, experiment: str | None = None) -> tuple[str, ...]:
    """Lines that say how to open MLflow in a browser: a command if needed, and the page (of the id `experiment`)."""
    page = f"/#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART" if experiment else ""
    public = without_secrets(uri)
    if uri.startswith(("http://", "https://")):
        return (public.rstrip("/") + page,)
    if "://" not in uri:  # databricks, say
        return (public,)
    store = shlex.quote(uri) if public == uri else f'"${URI_VARIABLE}"'
    return f"mlflow ui --backend-store-uri {store}", f"http://127.0.0.1:5000{page}"
