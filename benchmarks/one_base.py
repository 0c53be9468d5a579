"""One base for all environments, or one for each: shares of right answers after the same training.

    python benchmarks/one_base.py [--transcripts 4000] [--held-out 100]

Trained are a reader of ALFWorld and one of WebShop, each on so many transcripts, and a reader of both, twice: on half
as many of each (the cost of one base) and on as many of each (the cost of two). It has the tokens of both vocabularies;
the texts of an environment are cut by that environment's own tokenizer. Answers are measured on unseen texts, walks of
up to 30 actions. One seed, one process and two threads throughout.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from transformers import PreTrainedTokenizerFast

from leap_kedro.embedded.base import answer_accuracy, curriculum, lesson_counts, reading_rows
from leap_kedro.embedded.shape import Shape, build_model
from leap_kedro.embedded.tokenizer import build_tokenizer, token_list
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies.folder import load_policy, save_policy
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.training.launch import train
from leap_kedro.training.packing import Packed, pack
from leap_kedro.training.parameters import FineTuning
from leap_kedro.training.store import write_packed

UNSEEN = {"alfworld": "valid_unseen", "webshop": "test"}
LONGEST = 30
CONFIGURATION = Path(__file__).parents[1] / "conf" / "base" / "parameters.yml"


def _spec(name: str) -> EnvironmentSpec:
    return EnvironmentSpec(name, {"source": "generated"})


def renderers(names: Sequence[str]) -> dict[str, EmbeddedRenderer]:
    """A renderer an environment, all with the ids of the tokens of all."""
    vocabularies = {name: make_benchmark(_spec(name)).vocabulary() for name in names}
    tokens = dict.fromkeys(token for vocabulary in vocabularies.values() for token in token_list(vocabulary))
    ids = {token: index for index, token in enumerate(tokens)}
    made = {}
    for name, vocabulary in vocabularies.items():
        own = build_tokenizer(vocabulary, Shape().max_length)
        whole = json.loads(own.backend_tokenizer.to_str())
        whole["model"]["vocab"] = ids
        made[name] = EmbeddedRenderer(PreTrainedTokenizerFast(tokenizer_object=_tokenizer(whole), **own.init_kwargs))
    return made


def _tokenizer(serialized: dict[str, Any]) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(serialized))


def lessons(name: str, renderer: EmbeddedRenderer, transcripts: int, trunk_weight: float) -> list[list[Packed]]:
    """Packed transcripts of each lesson of the curriculum."""
    walks = curriculum(make_benchmark(_spec(name)), transcripts, seed=0)
    counts = [count for _, count in lesson_counts(transcripts)]
    return [
        [pack(rows) for _ in range(count) if (rows := reading_rows(next(walks), renderer, trunk_weight))]
        for count in counts
    ]


def mixed(parts: Sequence[list[list[Packed]]]) -> list[Packed]:
    """The lessons of all environments, lesson by lesson, the environments by turns."""
    return [each for lesson in zip(*parts, strict=True) for turn in zip(*lesson, strict=False) for each in turn]


def measured(names: Sequence[str], transcripts: int, held_out: int, folder: Path) -> dict[str, float]:
    """Train one reader of these environments; its share of right answers in each."""
    made = renderers(names)
    tokenizer = next(iter(made.values())).tokenizer
    folder.mkdir()
    save_policy(build_model(tokenizer, Shape(), 0), tokenizer, folder / "start")
    settings = yaml.safe_load(CONFIGURATION.read_text())["base_model"]
    read = [lessons(name, each, transcripts, settings["trunk_weight"]) for name, each in made.items()]
    write_packed(folder / "data.npz", mixed(read))
    parameters = FineTuning.model_validate({**settings["fine_tuning"], "threads": 2})
    result = train(folder / "start", folder / "data.npz", parameters, folder, folder / "base")
    model, _ = load_policy(folder / "base")
    print(f"{' and '.join(names)}: {result.steps:,} steps, {result.seconds:.0f} s", flush=True)
    return {
        name: answer_accuracy(
            model,
            each,
            list(make_benchmark(_spec(name)).transcripts(UNSEEN[name], held_out, LONGEST, 2, LONGEST)),
        )["all"]
        for name, each in made.items()
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transcripts", type=int, default=4000)
    parser.add_argument("--held-out", type=int, default=100)
    given = parser.parse_args()
    table = Table("base", *UNSEEN, title=f"Share of right answers, {given.transcripts:,} transcripts an environment")
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        alone = {name: measured([name], given.transcripts, given.held_out, place / name)[name] for name in UNSEEN}
        rows = {
            "one for each": alone,
            "one for both, at half as many of each": measured(
                [*UNSEEN], given.transcripts // 2, given.held_out, place / "half"
            ),
            "one for both, at as many of each": measured([*UNSEEN], given.transcripts, given.held_out, place / "whole"),
        }
        for label, shares in rows.items():
            table.add_row(label, *(f"{shares[name]:.3f}" for name in UNSEEN))
    Console().print(table)


if __name__ == "__main__":
    main()
