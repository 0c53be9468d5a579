"""How vLLM serves a policy's folder: its command line, and LoRA adapters that are loaded while it runs.

Not covered: holding replies to the admissible actions, and log-probabilities.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leap_kedro.language_models.network import client_options, through, usable_network
from leap_kedro.policies.vllm_process import ServingFailed

ENVIRONMENT = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True", "VLLM_NO_USAGE_STATS": "1"}
"""Variables of the server process: adapters can be loaded while it runs, and no usage statistics are sent."""

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Values that `--max-lora-rank` takes."""

_PATIENCE = 120.0  # seconds that loading an adapter may take


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter as PEFT saves it.

    Attributes:
        name: Its name on a server.
        folder: Its folder.
        base: Folder of the weights that it was trained on.
    """

    name: str
    folder: Path
    base: Path

    @property
    def rank(self) -> int:
        """Its rank."""
        return int(json.loads((self.folder / "adapter_config.json").read_text(encoding="utf-8"))["r"])


def command_of(
    program: Sequence[str], weights: Path, rank: int | None, port: int, arguments: Sequence[str]
) -> list[str]:
    """The command line of `vllm serve`.

    Args:
        program: What comes before `serve`.
        weights: Folder of the model.
        rank: Rank of the adapters that will be loaded; None for none.
        port: Port on this machine; other machines cannot reach it.
        arguments: Further arguments; they come last, so they take precedence.
    """
    # Without `--generation-config vllm` the model's own defaults (top_p, say) would join what a request asks for.
    command = [*program, "serve", str(weights), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--generation-config", "vllm"]
    if rank is not None:
        most = next((most for most in _RANKS if most >= rank), _RANKS[-1])
        command += ["--enable-lora", "--max-lora-rank", str(most)]
    return [*command, *arguments]


@contextmanager
def model_of(base_url: str, weights: Path, adapter: Adapter | None) -> Iterator[str]:
    """The name under which a running server answers for a policy, while the block lasts.

    An adapter that the server does not have is loaded, and unloaded at the end. A server of the policy's own, merged
    weights is used as it is.

    Args:
        base_url: URL of its API, with its `/v1`.
        weights: The policy's folder.
        adapter: The policy's adapter; None if it has none.

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
            "Start it with that folder, or leave `base_url` out and one is started. (With "
            "fine_tuning.lora.start=continue all adapters are made for the same weights, so one server serves all "
            "iterations.)"
        )
    if adapter.name in folders:
        yield adapter.name
        return
    body = {"lora_name": adapter.name, "lora_path": str(adapter.folder.resolve())}
    _call("POST", f"{base_url}/load_lora_adapter", body)
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
            "(which ends in /v1), or leave it out and one is started."
        ) from error
    if response.is_success or best_effort:
        return response.content
    said = response.text[:500]
    hint = ""
    if body is not None:
        hint = (
            " Start it with --enable-lora, a --max-lora-rank that is enough, and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."
        )
    raise ServingFailed(f"The server refuses {method} {url} (HTTP {response.status_code}: {said}).{hint}")


def _json(content: bytes) -> Any:
    try:
        tree = json.loads(content)
        if isinstance(tree["data"], list):
            return tree
    except (ValueError, KeyError, TypeError):
        pass
    raise ServingFailed(
        f"The server does not answer with a list of models: {content[:200]!r}. Does `base_url` end in /v1?"
    )
