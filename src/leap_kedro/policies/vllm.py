"""Serves a policy's folder with vLLM: its command line, and loading of LoRA adapters while it runs.

NOT covered: log-probabilities.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leap_kedro.language_models.network import client_options, through, usable_network
from leap_kedro.policies.vllm_process import ServingFailed

ENVIRONMENT = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "VLLM_NO_USAGE_STATS": "1"}
"""Environment variables that enable the loading of adapters and disable usage statistics."""

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Valid values of `--max-lora-rank`."""

_PATIENCE = 120.0  # seconds to load an adapter


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter of PEFT: its name on a server, its folder, and the folder of the weights that it was made for."""

    name: str
    folder: Path
    base: Path

    @property
    def rank(self) -> int:
        """Its rank."""
        return int(json.loads((self.folder / "adapter_config.json").read_text(encoding="utf-8"))["r"])


def command_of(
    program: Sequence[str],
    weights: Path,
    rank: int | None,
    port: int,
    arguments: Sequence[str],
    host: str = "127.0.0.1",
) -> list[str]:
    """The command line of a server.

    Args:
        program: The program `vllm`, or an interpreter with vLLM's module `api_server`.
        weights: Folder of the model.
        rank: Rank of the adapters that will be loaded; None if there will be none.
        port: Port of the server.
        arguments: Further arguments; they come last and take precedence.
        host: Address at which it listens; by default, other machines cannot reach it.
    """
    # The module ignores a folder without `--model`, and would serve vLLM's default model instead.
    model = ["--model"] if program[-1].endswith("api_server") else ["serve"]
    # Without `--generation-config vllm` the model's own defaults (for example top_p) would apply to requests.
    command = [*program, *model, str(weights), "--host", host, "--port", str(port)]
    command += ["--generation-config", "vllm"]
    if rank is not None:
        most = next((most for most in _RANKS if most >= rank), _RANKS[-1])
        command += ["--enable-lora", "--max-lora-rank", str(most)]
    return [*command, *arguments]


@contextmanager
def model_of(base_url: str, weights: Path, adapter: Adapter | None) -> Iterator[str]:
    """The name under which a running server answers for a policy, valid inside the block.

    A server that serves the policy's merged weights is used directly. Otherwise the adapter is loaded if necessary, and
    unloaded at the end.

    Args:
        base_url: URL of the API, including `/v1`.
        weights: The policy's folder.
        adapter: The policy's adapter, if it has one.

    Raises:
        ServingFailed: If the server does not answer, serves other weights, or refuses the adapter.
    """
    served = _json(_call("GET", f"{base_url}/models"))["data"]
    folders = {str(card["id"]): Path(str(card.get("root") or card["id"])) for card in served}
    merged = next((name for name, folder in folders.items() if _same(folder, weights)), None)
    if merged is not None:
        yield merged
        return
    base = adapter and next((name for name, folder in folders.items() if _same(folder, adapter.base)), None)
    if adapter is None or base is None:
        wanted = f"{weights}" + (f", nor {adapter.base} for the adapter in it" if adapter else "")
        raise ServingFailed(
            f"The server at {base_url} serves {', '.join(map(str, folders.values())) or 'nothing'}, not {wanted}. "
            "Start it with that folder, or leave `base_url` out to have one started. (With "
            "fine_tuning.lora.start=continue all adapters are made for the same weights, so one server serves all "
            "iterations.)"
        )
    if adapter.name in folders:
        yield adapter.name
        return
    loaded = {"lora_name": adapter.name, "lora_path": str(adapter.folder.resolve())}
    _call("POST", f"{base_url}/load_lora_adapter", loaded)
    try:
        yield adapter.name
    finally:
        _call("POST", f"{base_url}/unload_lora_adapter", {"lora_name": adapter.name}, best_effort=True)


def _same(one: Path, other: Path) -> bool:
    return one.expanduser().resolve() == other.expanduser().resolve()


def _call(method: str, url: str, body: dict[str, Any] | None = None, *, best_effort: bool = False) -> bytes:
    import httpx2

    try:
        with usable_network(url):
            response = httpx2.request(method, url, json=body, timeout=_PATIENCE, **client_options(url))
    except httpx2.HTTPError as error:
        if best_effort:
            return b""
        raise ServingFailed(
            f"The server at {url} does not answer ({type(error).__name__}){through(url)}. Start it, correct `base_url` "
            "(which ends in /v1), or leave it out to have one started."
        ) from error
    if response.is_success or best_effort:
        return response.content
    hint = " Start it with --enable-lora, a sufficient --max-lora-rank, and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."
    raise ServingFailed(
        f"The server refuses {method} {url} (HTTP {response.status_code}: {response.text[:500]}).{hint if body else ''}"
    )


def _json(content: bytes) -> Any:
    with suppress(ValueError, KeyError, TypeError):
        tree = json.loads(content)
        if isinstance(tree["data"], list):
            return tree
    raise ServingFailed(f"The server's answer is not a list of models: {content[:200]!r}. Does `base_url` end in /v1?")
