"""Policies of the loop behind a vLLM server, which is started for them or already runs."""

import gc
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from leap_kedro.compute import ComputeKind, ComputeParameters
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
        base_url: URL of a running server's API, with its `/v1`; None: a server is started and stopped, on this machine
            or, if `compute.kind` is ray, one per replica on the cluster.
        command: The program `vllm` of its environment, or `PYTHON -m vllm.entrypoints.openai.api_server` (vLLM's CPU
            build, whose program `vllm` does not start).
        arguments: Further arguments of the server.
        port: Port of a server that is started on this machine; None: a free one.
        ready_timeout: Seconds until a started server must answer.
        adapters: Whether a policy trained by LoRA is served as an adapter on its base; if not, as merged weights.
        replicas: Number of servers on a cluster; None: as many as its GPUs allow, or one per machine without GPUs.
        gpus: GPUs of each replica; None: 1 if the cluster has GPUs, else 0. Its CPU cores are `compute.cpus`.
        concurrency: Maximum number of concurrent calls and episodes of each server.
    """

    command: Free[str] = Field(default="vllm", min_length=1)
    arguments: tuple[str, ...] = ()
    port: Free[int | None] = Field(default=None, ge=1, le=65535)
    ready_timeout: Free[float] = Field(default=900.0, gt=0)
    adapters: bool = True
    replicas: Free[int | None] = Field(default=None, ge=1)
    gpus: Free[float | None] = Field(default=None, ge=0)
    timeout: Free[float] = Field(default=300.0, gt=0)
    concurrency: Free[int] = Field(default=64, gt=0)
    retries: Free[int] = Field(default=3, ge=0)


@dataclass(frozen=True, slots=True)
class ServedPrompts:
    """How a server has to be prompted.

    Attributes:
        has_system: Whether the rules are a system message; if not, they begin the first message of the user.
        template: The chat template that a server must be started with; "": that of the folder.
    """

    has_system: bool
    template: str


@contextmanager
def serve(
    policy: SavedPolicy,
    parameters: ServingParameters,
    environment: str,
    max_tokens: int,
    max_thought_tokens: int = 0,
    compute: ComputeParameters | None = None,
) -> Iterator[RemotePolicy]:
    """Serve the policy while the block lasts.

    Answers are not cached, since a folder's weights may change. No key is sent.

    Args:
        policy: The policy.
        parameters: The server.
        environment: Registered name of the environment, whose instructions are part of the prompts.
        max_tokens: Longest reply, without its thoughts.
        max_thought_tokens: Longest thoughts before it; 0: the policy does not think.
        compute: Where a server is started; None: on this machine. On a cluster there are several.

    Raises:
        ServingFailed: If the policy cannot be served, or the server does not start or refuses it.
        NoCluster: If there is no cluster, or no room in it.
    """
    from leap_kedro.policies.served_folder import ServedFolder
    from leap_kedro.policies.vllm import model_of

    prompts = check_prompts(policy, parameters, environment, thinking=max_thought_tokens > 0)
    longest = max_tokens + max_thought_tokens
    server = _server(parameters, longest, thinking=max_thought_tokens > 0)
    adapter = adapter_of(policy) if parameters.adapters else None
    if parameters.base_url is not None:
        with model_of(parameters.base_url, policy.folder, adapter) as name:
            yield _served(policy, server, parameters.base_url, name, prompts)
        return
    how = parameters.command, parameters.arguments, prompts.template, parameters.ready_timeout
    folder = ServedFolder(policy.folder, adapter, *how)
    _release_gpu_memory()
    if compute is None or compute.kind is ComputeKind.LOCAL:
        with folder.running("127.0.0.1", parameters.port) as running:
            yield _served(policy, server, running.base_url, running.name, prompts)
        return
    from leap_kedro.policies.replicas import running_replicas

    named = replace(folder, name=policy.id)  # their folders differ between machines
    with running_replicas(named, parameters.replicas, parameters.gpus, compute) as (replicas, name):
        served = _served(policy, server, replicas[0].base_url, name, prompts)
        patience = compute.start_timeout + parameters.ready_timeout
        yield replace(served, access=replace(served.access, replicas=replicas, patience=patience))


def server_command(weights: Path, rank: int | None, parameters: ServingParameters, port: int) -> list[str]:
    """The command that starts a server of the model in `weights`, with adapters of this rank (None: no adapters)."""
    from leap_kedro.policies.served_folder import program_of
    from leap_kedro.policies.vllm import command_of

    return command_of(program_of(parameters.command), weights, rank, port, parameters.arguments)


def is_installed(parameters: ServingParameters) -> bool:
    """Whether the program that starts a server is installed."""
    from leap_kedro.policies.served_folder import program_of

    return shutil.which(program_of(parameters.command)[0]) is not None


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


def template_options(parameters: ServingParameters, *, thinking: bool = False) -> dict[str, Any]:
    """What a server passes to the chat template besides the messages."""
    from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, THINKING

    standard = THINKING if thinking else TEMPLATE_OPTIONS
    return {**standard, **(parameters.extra.get("chat_template_kwargs") or {})}


def check_prompts(
    policy: SavedPolicy, parameters: ServingParameters, environment: str, *, thinking: bool = False
) -> ServedPrompts:
    """Check that a server builds the prompts of the loop, token for token, on any day.

    Args:
        policy: The policy.
        parameters: The server.
        environment: Registered name of the environment, whose instructions are part of the prompts.
        thinking: Whether replies begin with thoughts.

    Raises:
        ServingFailed: If it does not: the tokenizer is the embedded student's, vLLM has own prompts for the model, a
            running server would write the present date, or the template gets other options than here.
    """
    from leap_kedro.policies.folder import load_tokenizer
    from leap_kedro.policies.vllm_process import ServingFailed
    from leap_kedro.prompts.chat import ChatRenderer
    from leap_kedro.prompts.conversation import Conversation
    from leap_kedro.prompts.messages import chat_messages
    from leap_kedro.prompts.renderer import trunk_ids
    from leap_kedro.prompts.select import renderer_for
    from leap_kedro.prompts.templates import DAY, UnusableChatTemplate, template_at, templated_ids
    from leap_kedro.records import Turn

    try:
        renderer = renderer_for(load_tokenizer(policy.folder), environment, thinking=thinking)
        if not isinstance(renderer, ChatRenderer):
            raise ServingFailed(
                f"{policy.id} ({policy.folder}) is the embedded student, which no chat server can prompt: set "
                "`serving` to null, or `bootstrap.base` to the folder of a chat model."
            )
        turn = Turn("look", "You see a desk 1.")
        conversation = Conversation("check", "You are in a room. Your task is to: look.", (turn,))
        trained = [*trunk_ids(renderer, conversation), *renderer.branch()]
        messages = list(chat_messages(conversation, renderer.rules, has_system=renderer.has_system))
        options = template_options(parameters, thinking=thinking)
        served, another_day = (templated_ids(renderer.tokenizer, messages, options, now) for now in (DAY, _ANOTHER_DAY))
    except UnusableChatTemplate as error:
        raise ServingFailed(f"{policy.id} ({policy.folder}) cannot be served: {error}") from error
    instead = "set `serving` to null, or another chat template"
    if _has_own_prompts(policy.folder):
        raise ServingFailed(
            f"The model in {policy.folder} is of the GPT-OSS family, for which vLLM does not use the chat template and "
            "writes the present date: set `serving` to null."
        )
    dated = served != another_day
    if dated and parameters.base_url is not None:
        raise ServingFailed(
            f"The chat template in {policy.folder} writes the date or time into the prompt: the server at "
            f"{parameters.base_url} would write the present one, while training uses {DAY:%d %B %Y}. Leave `base_url` "
            f"out to have a server started with that day, {instead} (a template with `date_string` gets that day)."
        )
    if trained != served:
        raise ServingFailed(
            f"A server would give the model in {policy.folder} other tokens than training does, because of "
            "`serving.extra.chat_template_kwargs`, or because its template leaves to the model what training puts into "
            f"the prompt (the end of thoughts, the header of a reply): {instead}."
        )
    return ServedPrompts(renderer.has_system, template_at(renderer.tokenizer) if dated else "")


def _has_own_prompts(folder: Path) -> bool:
    """Whether vLLM ignores the chat template of the model in a folder: GPT-OSS is prompted by OpenAI's library."""
    import json

    config = folder / "config.json"
    return config.is_file() and json.loads(config.read_text(encoding="utf-8")).get("model_type") == "gpt_oss"


def _release_gpu_memory() -> None:
    """Release the GPU memory that torch caches in this process, for example from scoring replies."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


def _server(parameters: ServingParameters, max_tokens: int, *, thinking: bool) -> ServerParameters:
    return ServerParameters(
        max_tokens=max_tokens,
        timeout=parameters.timeout,
        concurrency=parameters.concurrency,
        retries=parameters.retries,
        extra={**parameters.extra, "chat_template_kwargs": template_options(parameters, thinking=thinking)},
    )


def _served(
    policy: SavedPolicy, server: ServerParameters, base_url: str, name: str, prompts: ServedPrompts
) -> RemotePolicy:
    return RemotePolicy(
        id=policy.id,
        name=name,
        server=server.model_copy(update={"base_url": base_url}),
        access=Access(prices={name: Price(prompt=0.0, completion=0.0)}),
        iteration=policy.iteration,
        trained=True,
        has_system=prompts.has_system,
    )
