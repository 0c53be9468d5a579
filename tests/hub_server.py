"""A server with the part of the Hugging Face Hub's API that huggingface_hub uses to download a model."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

TOKEN = "hf_ofTheTest"


@dataclass
class Repository:
    """Commits, oldest first: files by path. `main` is the last one."""

    commits: list[dict[str, bytes]] = field(default_factory=list)
    gated: bool = False

    def commit(self, files: dict[str, bytes]) -> str:
        """Add a commit and return its name."""
        self.commits.append(files)
        return name_of(files)

    def at(self, revision: str) -> dict[str, bytes] | None:
        if revision == "main":
            return self.commits[-1]
        return next((files for files in self.commits if name_of(files) == revision), None)


@dataclass
class Hub:
    """What the server has, and what it was asked for."""

    url: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    @property
    def downloaded(self) -> list[str]:
        """Names of the files that were downloaded since the start, or since `requests` was cleared."""
        return sorted(path.partition("/resolve/")[2].partition("/")[2] for path in self.requests if "/resolve/" in path)


def name_of(files: dict[str, bytes]) -> str:
    """The name of a commit."""
    return hashlib.sha1(json.dumps({path: digest(files[path]) for path in sorted(files)}).encode()).hexdigest()  # noqa: S324


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()  # noqa: S324


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder, as a commit."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@contextmanager
def hub_server() -> Iterator[Hub]:
    """A running server without models."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(*self._found(), with_body=False)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            hub.requests.append(path)
            self._answer(*self._found())

        def _found(self) -> tuple[int, dict[str, str], bytes]:
            parts = urlsplit(self.path).path.strip("/").split("/")
            api = parts[:2] == ["api", "models"]
            parts = parts[2:] if api else parts
            name, what, revision, path = "/".join(parts[:2]), parts[2], parts[3], "/".join(parts[4:])
            repository = hub.repositories.get(name)
            if repository is None:
                return 404, {"X-Error-Code": "RepoNotFound"}, b""
            commit = repository.at(revision)
            if commit is None:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b""
            sha = name_of(commit)
            if what == "revision":
                return 200, {}, json.dumps({"id": name, "sha": sha, "siblings": []}).encode()
            if what == "tree":
                entries = [
                    {"type": "file", "path": each, "size": len(content), "oid": digest(content)}
                    for each, content in commit.items()
                ]
                return 200, {}, json.dumps(entries).encode()
            if repository.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"X-Error-Code": "GatedRepo"}, b""
            if path not in commit:
                return 404, {"X-Error-Code": "EntryNotFound"}, b""
            return 200, {"ETag": f'"{digest(commit[path])}"', "X-Repo-Commit": sha}, commit[path]

        def _answer(self, status: int, headers: dict[str, str], body: bytes, with_body: bool = True) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
