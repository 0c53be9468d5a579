"""The start of the student with copy slots: random weights for the open vocabulary of an environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leap_kedro.embedded.shape import Shape, build_model
from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.registry import environment_name, environment_slots
from leap_kedro.policies.folder import missing_parts, save_policy

FOLDER = Path("data/09_cache/slots")
"""Where the folder of each environment is written."""

_SEED = 0
_EMBEDDING_SCALE = 5.0  # times 0.02: a slot is recognized by its embedding alone, and copying emerges sooner


def fresh_student(environment: str, options: Mapping[str, Any] | None = None) -> Path:
    """The folder of the student with copy slots of an environment, which is written if it is missing.

    Raises:
        UnknownEnvironment: If no such environment is registered.
        OffersNoSlots: If it has no vocabulary with copy slots.
    """
    folder = FOLDER / environment_name(environment)
    if missing_parts(folder):
        vocabulary, _ = environment_slots(environment, options)
        shape = Shape()
        tokenizer = build_tokenizer(vocabulary, shape.max_length)
        model = build_model(tokenizer, shape, _SEED)
        embeddings: Any = model.get_input_embeddings()
        embeddings.weight.data *= _EMBEDDING_SCALE
        save_policy(model, tokenizer, folder)
    return folder
