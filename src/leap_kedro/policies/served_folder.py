"""A vLLM server of a policy's folder, to be started on this machine or on another one."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from leap_kedro.policies import vllm, vllm_process
from leap_kedro.policies.vllm import Adapter


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers.

    Attributes:
        base_url: URL of its API, including `/v1`.
        name: Name under which it answers for the policy.
        process: The process that ends with it.
    """

    base_url: str
    name: str
    process: "Popen[bytes]"

    @property
    def health(self) -> str:
        """URL that answers while the server works."""
        return health_of(self.base_url)


@dataclass(frozen=True, slots=True)
class ServedFolder:
    """What a server needs; picklable.

    Attributes:
        weights: The policy's folder.
        adapter: The adapter that is served instead of the weights; None: there is none.
        command: The program, as in `serving.command`.
        arguments: Further arguments.
        template: The chat template instead of the folder's; "": the folder's.
        ready_timeout: Seconds until the server must answer.
        name: Name of the model on the server; "": its folder.
    """

    weights: Path
    adapter: Adapter | None
    command: str
    arguments: tuple[str, ...]
    template: str
    ready_timeout: float
    name: str = ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the server reads."""
        return (self.adapter.base, self.adapter.folder) if self.adapter else (self.weights,)

    def moved(self, folders: Sequence[Path]) -> "ServedFolder":
        """The same with its `folders` at other places."""
        if self.adapter is None:
            return replace(self, weights=folders[0])
        return replace(self, adapter=replace(self.adapter, base=folders[0], folder=folders[1]))

    @contextmanager
    def running(self, host: str, port: int | None = None) -> Iterator[RunningServer]:
        """A server while the block lasts.

        Args:
            host: Address of this machine at which it listens.
            port: Port; None: a free one.

        Raises:
            ServingFailed: If it does not start, or refuses the adapter.
        """
        port = port or vllm_process.free_port(host)
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        weights, rank = (self.adapter.base, self.adapter.rank) if self.adapter else (self.weights, None)
        named = ["--served-model-name", self.name] if self.name else []
        with self._template_file() as given:
            arguments = [*named, *self.arguments, *given]
            command = vllm.command_of(program_of(self.command), weights, rank, port, arguments, host)
            health = health_of(f"{address}/v1")
            with (
                vllm_process.running_server(command, vllm.ENVIRONMENT, health, self.ready_timeout) as process,
                vllm.model_of(f"{address}/v1", self.weights, self.adapter) as name,
            ):
                yield RunningServer(f"{address}/v1", name, process)

    @contextmanager
    def _template_file(self) -> Iterator[list[str]]:
        """Arguments of `vllm serve` that replace the chat template of the folder."""
        if not self.template:
            yield []
            return
        with TemporaryDirectory(prefix="leap-template-") as folder:
            file = Path(folder) / "chat_template.jinja"
            file.write_text(self.template, encoding="utf-8")
            yield ["--chat-template", str(file)]


def program_of(command: str) -> list[str]:
    """The words of `serving.command`, whose first may begin with `~`."""
    first, *others = shlex.split(command)
    return [str(Path(first).expanduser()), *others]


def health_of(base_url: str) -> str:
    """URL that answers with status 200 while the server works."""
    return f"{base_url.removesuffix('/v1')}/health"
