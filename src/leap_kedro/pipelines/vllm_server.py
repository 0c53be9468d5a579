"""Policies of the loop behind a vLLM server, which is started for them or already runs."""

import gc
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.language_models import Access, Price, ServerParameters
from leap_kedro.language_models.parameters import CallParameters
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.records.parameters import Free

if TYPE_CHECKING:
    from leap_kedro.policies.vllm import Adapter

_ANOTHER_DAY = datetime(2031, 11, 3, 17, 45, 59, tzinfo=UTC)


class ServingParameters(CallParameters):
    """The vLLM server of the loop's policies.

    Attributes:
        base_url: URL of a running server's API, with its `/v1`; None: a server is started on this machine and stopped.
        command: The program `vllm` of its environment, or `PYTHON -m vllm.entrypoints.openai.api_server` (vLLM's CPU
            build, whose program `vllm` does not start).
        arguments: Further arguments of the server.
        port: Port of a started server; None: a free one.
        ready_timeout: Seconds until a started server must answer.
        adapters: Whether a policy trained by LoRA is served as an adapter on its base; if not, as merged weights.
    """

    command: Free[str] = Field(default="vllm", min_length=1)
    arguments: tuple[str, ...] = ()
    port: Free[int | None] = Field(default=None, ge=1, le=65535)
    ready_timeout: Free[float] = Field(default=900.0, gt=0)
    adapters: bool = True
    timeout: Free[float] = Field(default=300.0, gt=0)
    concurrency: Free[int] = Field(default=64, gt=0)
    retries: Free[int] = Field(default=3, ge=0)


@contextmanager
def serve(
    policy: SavedPolicy, parameters: ServingParameters, environment: str, max_tokens: int
) -> Iterator[RemotePolicy]:
    """Serve the policy while the block lasts.

    Answers are not cached, since a folder's weights may change. No key is sent.

    Args:
        policy: The policy.
        parameters: The server.
        environment: Registered name of the environment, whose instructions are part of the prompts.
        max_tokens: Longest reply.

    Raises:
        ServingFailed: If the policy cannot be served, or the server does not start or refuses it.
    """
    from leap_kedro.policies.vllm import ENVIRONMENT, model_of
    from leap_kedro.policies.vllm_process import free_port, running_server

    check_prompts(policy, parameters, environment)
    adapter = adapter_of(policy) if parameters.adapters else None
    if parameters.base_url is not None:
        with model_of(parameters.base_url, policy.folder, adapter) as name:
            yield _served(policy, parameters, parameters.base_url, name, max_tokens)
        return
    port = parameters.port or free_port()
    weights, rank = (adapter.base, adapter.rank) if adapter else (policy.folder, None)
    command = server_command(weights, rank, parameters, port)
    _release_gpu_memory()
    address = f"http://127.0.0.1:{port}"
    with (
        running_server(command, ENVIRONMENT, f"{address}/health", parameters.ready_timeout),
        model_of(f"{address}/v1", policy.folder, adapter) as name,
    ):
        yield _served(policy, parameters, f"{address}/v1", name, max_tokens)


def server_command(weights: Path, rank: int | None, parameters: ServingParameters, port: int) -> list[str]:
    """The command that starts a server of the model in `weights`, with adapters of this rank (None: no adapters)."""
    from leap_kedro.policies.vllm import command_of

    first, *others = shlex.split(parameters.command)
    return command_of([str(Path(first).expanduser()), *others], weights, rank, port, parameters.arguments)


def is_installed(parameters: ServingParameters) -> bool:
    """Whether the program that starts a server is installed."""
    return shutil.which(str(Path(shlex.split(parameters.command)[0]).expanduser())) is not None


def adapter_of(policy: SavedPolicy) -> "Adapter | None":
    """The adapter by which the policy was trained; None if it has no adapter."""
    import json

    from leap_kedro.policies.vllm import Adapter
    from leap_kedro.training.adapters import ADAPTER, BASE, weights_digest

    folder = policy.folder / ADAPTER
    if not folder.is_dir():
        return None
    base = Path(json.loads((folder / BASE).read_text(encoding="utf-8"))["folder"])
    # The digest in the name keeps a running server from answering with the adapter of another iteration.
    return Adapter(f"{policy.id}-{weights_digest(folder)[:12]}", folder, base) if base.is_dir() else None


def template_options(parameters: ServingParameters) -> dict[str, Any]:
    """What a server passes to the chat template besides the messages."""
    from leap_kedro.prompts.templates import TEMPLATE_OPTIONS

    return {**TEMPLATE_OPTIONS, **(parameters.extra.get("chat_template_kwargs") or {})}


def check_prompts(policy: SavedPolicy, parameters: ServingParameters, environment: str) -> None:
    """Check that a server builds the prompts of the policy's training, token for token, on any day.

    Raises:
        ServingFailed: If it does not: the tokenizer is the embedded student's, or the chat template takes no system
            message, other options than here, or the present date.
    """
    from leap_kedro.policies.folder import load_tokenizer
    from leap_kedro.policies.vllm_process import ServingFailed
    from leap_kedro.prompts.chat import ChatRenderer
    from leap_kedro.prompts.conversation import Conversation
    from leap_kedro.prompts.messages import chat_messages
    from leap_kedro.prompts.renderer import trunk_ids
    from leap_kedro.prompts.select import renderer_for
    from leap_kedro.prompts.templates import DAY, UnusableChatTemplate, templated_ids
    from leap_kedro.records import Turn

    try:
        renderer = renderer_for(load_tokenizer(policy.folder), environment)
        if not isinstance(renderer, ChatRenderer):
            raise ServingFailed(
                f"{policy.id} ({policy.folder}) is the embedded student, which no chat server can prompt: set "
                "`serving` to null, or `bootstrap.base` to the folder of a chat model."
            )
        turn = Turn("look", "You see a desk 1.")
        conversation = Conversation("check", "You are in a room. Your task is to: look.", (turn,))
        trained = [*trunk_ids(renderer, conversation), *renderer.branch()]
        messages, options = list(chat_messages(conversation, renderer.rules)), template_options(parameters)
        served, another_day = (templated_ids(renderer.tokenizer, messages, options, now) for now in (DAY, _ANOTHER_DAY))
    except UnusableChatTemplate as error:
        raise ServingFailed(f"{policy.id} ({policy.folder}) cannot be served: {error}") from error
    instead = "set `serving` to null, or another chat template"
    if served != another_day:
        raise ServingFailed(
            f"The chat template in {policy.folder} writes the date or time into the prompt: a server would write the "
            f"present one, while training uses {DAY:%d %B %Y}. It cannot be served: {instead} "
            "(a template with `date_string` gets that day)."
        )
    if trained != served:
        raise ServingFailed(
            f"The chat template in {policy.folder} gives a server other tokens than training sees, because it takes no "
            f"system message or because of `serving.extra.chat_template_kwargs`: {instead}."
        )


def _release_gpu_memory() -> None:
    """Release the GPU memory that torch caches in this process, for example from scoring replies."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


def _served(
    policy: SavedPolicy, parameters: ServingParameters, base_url: str, name: str, max_tokens: int
) -> RemotePolicy:
    server = ServerParameters(
        base_url=base_url,
        max_tokens=max_tokens,
        timeout=parameters.timeout,
        concurrency=parameters.concurrency,
        retries=parameters.retries,
        extra={**parameters.extra, "chat_template_kwargs": template_options(parameters)},
    )
    free = Access(prices={name: Price(prompt=0.0, completion=0.0)})
    return RemotePolicy(id=policy.id, name=name, server=server, access=free, iteration=policy.iteration, trained=True)
