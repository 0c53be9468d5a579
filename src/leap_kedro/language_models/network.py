"""Connections to servers: never through a proxy on this machine, otherwise according to environment variables.

``HTTP_PROXY``, ``HTTPS_PROXY`` and ``ALL_PROXY`` name proxies, and ``NO_PROXY`` names exceptions.
"""

import ipaddress
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from leap_kedro.language_models.errors import ModelRefusedRequest

_CREDENTIALS = re.compile(r"//[^/@\s]*@")


def is_loopback(url: str) -> bool:
    """Whether a URL refers to this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def client_options(url: str) -> dict[str, Any]:
    """Options of an HTTP client for a URL, which disable proxies for this machine."""
    return {"trust_env": False} if is_loopback(url) else {}


def keep_off_proxies(url: str) -> None:
    """Make all HTTP clients of this process and its children reach a URL of this machine without a proxy."""
    if is_loopback(url):
        reach_directly(urlsplit(url).hostname or "")


def reach_directly(host: str) -> None:
    """Make all HTTP clients of this process and its children reach a host without a proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        listed = [each for each in os.environ.get(name, "").split(",") if each]
        if host not in listed:
            os.environ[name] = ",".join([*listed, host])


def proxy_variable(url: str) -> str:
    """The environment variable with the proxy for a URL; "" if there is none."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    names = (f"{parts.scheme}_proxy", "all_proxy")
    return next((case for name in names for case in (name, name.upper()) if os.environ.get(case)), "")


def through(url: str) -> str:
    """The proxy for a URL as part of a message about a failed connection; "" if there is none."""
    variable = proxy_variable(url)
    return f" through the proxy of {variable}={_hidden(os.environ[variable])}" if variable else ""


@contextmanager
def usable_network(url: str) -> Iterator[None]:
    """Turn errors of proxy or certificate settings into one message that names the variable.

    Raises:
        ModelRefusedRequest: If the block, which builds a client, fails because of them.
    """
    try:
        yield
    except OSError as error:
        variable = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), "")
        if not variable:
            raise
        failure = ModelRefusedRequest(
            f"{url} cannot be reached: the certificates that {variable} names ({os.environ[variable]}) cannot be read "
            f"({error.strerror or error}). Correct or unset {variable}, then run the same command again."
        )
    except (ImportError, ValueError) as error:
        variable = proxy_variable(url)
        if not variable:
            raise
        failure = ModelRefusedRequest(
            f"{url} cannot be reached: the proxy that {variable} names ({_hidden(os.environ[variable])}) cannot be "
            f"used ({_hidden(str(error))}). Correct or unset {variable}, or add the host to NO_PROXY, then run the "
            "same command again."
        )
    else:
        return
    raise failure


def _hidden(text: str) -> str:
    return _CREDENTIALS.sub("//", text)
