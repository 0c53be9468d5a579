"""Reads error messages of servers, which come in many forms."""

import html
import json
import re
from dataclasses import dataclass
from typing import Any

_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TEXTS = ("message", "detail", "msg", "error", "error_msg", "reason", "base_resp", "status_msg")
_LONGEST_PAGE = 200  # characters of a body that is not JSON

_STATUS_OF = {
    "context_length": 400,
    "quota": 429,
    "rate": 429,
    "too_many": 429,
    "auth": 401,
    "api_key": 401,
    "permission": 403,
    "not_found": 404,
    "invalid": 400,
    "bad_request": 400,
    "badrequest": 400,
    "unsupported": 400,
}
"""HTTP status by part of an error's name, for errors without a status; the first match counts."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A server's error message.

    Attributes:
        code: Name of the error, if given.
        text: Message, untrusted, if given.
        fields: Paths of the request fields at fault, if given.
        status: HTTP status that the body contains or implies, if any.
        is_page: Whether the body is an HTML page, as sent by proxies and bot checks.
    """

    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    status: int | None = None
    is_page: bool = False

    def names(self, field: str) -> bool:
        """Whether it is about a field of the request, according to its list of fields or else its text."""
        if self.fields:
            return any(field in re.split(r"[.\[\]]+", path) for path in self.fields)
        return re.search(rf"(?<![a-z0-9_-]){field}(?![a-z0-9_-])", self.text, re.IGNORECASE) is not None


def read_complaint(body: bytes) -> Complaint:
    """The complaint in the body of a response."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return _of_page(body)
    return complaint_in(tree)


def complaint_in(tree: Any) -> Complaint:
    """The complaint in the JSON value of a body."""
    if isinstance(tree, list) and tree:
        tree = tree[0]
    error = tree.get("error") if isinstance(tree, dict) else None
    if not isinstance(error, dict):
        error = {"message": error} if error else tree if isinstance(tree, dict) else {"message": tree}
    named = [str(error[name]) for name in ("code", "type", "status") if isinstance(error.get(name), str | int)]
    code = error.get("code")
    fields: list[str] = [error["param"]] if isinstance(error.get("param"), str) else []
    text = _printable(_sentence(error, fields))
    return Complaint(
        code=code if isinstance(code, str) else "",
        text=text,
        fields=tuple(field for field in fields if field),
        status=_status(named),
    )


def _sentence(value: Any, fields: list[str]) -> str:
    """The text in a value; paths of fields in it are added to `fields`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, (_sentence(each, fields) for each in value)))
    if not isinstance(value, dict):
        return "" if value is None else json.dumps(value)
    found = next((said for name in _TEXTS if value.get(name) and (said := _sentence(value[name], fields))), "")
    place = value.get("loc")
    if isinstance(place, list):
        path = ".".join(str(part) for part in place if part != "body")
        fields.append(path)
        return f"{path}: {found}"
    return found


def _status(names: list[str]) -> int | None:
    for name in names:
        if name.isdecimal() and 400 <= int(name) < 600:
            return int(name)
    joined = " ".join(names).casefold()
    return next((status for part, status in _STATUS_OF.items() if part in joined), None)


def _of_page(body: bytes) -> Complaint:
    start = body[:1024].lower()
    if not any(mark in start for mark in (b"<!doctype html", b"<html", b"<head")):
        return Complaint(text=_printable(body.decode("utf-8", errors="replace"))[:_LONGEST_PAGE])
    found = _TITLE.search(body)
    title = _printable(html.unescape(found[1].decode("utf-8", errors="replace")))[:_LONGEST_PAGE] if found else ""
    return Complaint(text="an HTML page" + (f" titled '{title}'" if title else ""), is_page=True)


def _printable(text: str) -> str:
    """The text in one line, without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
