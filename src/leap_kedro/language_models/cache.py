"""A cache of answers on disk, by request.

Each answer is a JSON file `ab/abcdef....json`, named by the SHA-256 of server, model, parameters and request. The
server's address is included because servers on different ports often use the same model names. Files are written
atomically. A damaged file, for example after a power failure, is treated as absent and written again.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leap_kedro.language_models.chat import Completion, Enforced, Finish, Request, ToolCall
from leap_kedro.language_models.parameters import ModelParameters
from leap_kedro.records.atomic import replaced_file
from leap_kedro.records.hashing import json_hash

_FORM = 2
"""Version of the format; changes when the content or the key changes its meaning."""


def question(parameters: ModelParameters, request: Request) -> dict[str, Any]:
    """Everything that an answer depends on, as plain JSON."""
    asked = {
        "form": _FORM,
        "server": parameters.address,
        "model": parameters.model,
        "structured": parameters.structured.value,
        "extra": parameters.extra,
        "max_tokens": request.max_tokens or parameters.max_tokens,
        "temperature": parameters.temperature if request.temperature is None else request.temperature,
        "seed": parameters.seed if request.seed is None else request.seed,
        "messages": [message.as_json() for message in request.messages],
        "schema": None if request.schema is None else dict(request.schema),
    }
    # Answers without a constraint or tools keep the keys that they had before there were any.
    if request.constraint is not None:
        asked["constraint"] = {"grammar": request.constraint.grammar, "schema": request.constraint.schema}
    if request.tools:
        asked["tools"] = [dict(tool) for tool in request.tools]
    return asked


class AnswerCache:
    """Answers by question, in `folder`, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, asked: dict[str, Any]) -> Completion | None:
        """The answer to `asked`, marked as cached and free; None if there is none."""
        try:
            kept = json.loads(self._path(asked).read_bytes())["answer"]
            return Completion(
                text=kept["text"],
                finish=Finish(kept["finish"]),
                prompt_tokens=kept["prompt_tokens"],
                completion_tokens=kept["completion_tokens"],
                dollars=0.0,
                cached=True,
                own_temperature=kept.get("own_temperature", False),
                calls=tuple(ToolCall(**call) for call in kept.get("calls", ())),
                enforced=Enforced(kept["enforced"]) if kept.get("enforced") else None,
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def keep(self, asked: dict[str, Any], answer: Completion) -> None:
        """Write an answer. Raises OSError if the operating system refuses (disk full, read-only folder)."""
        with replaced_file(self._path(asked)) as temporary:
            temporary.write_text(json.dumps({"asked": asked, "answer": asdict(answer)}, indent=1), encoding="utf-8")

    def _path(self, asked: dict[str, Any]) -> Path:
        name = json_hash(asked, 64)
        return self._folder / name[:2] / f"{name}.json"
