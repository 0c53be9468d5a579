"""The file with a training's losses: one line per report, appended during the training."""

import json
from contextlib import suppress
from math import isfinite
from pathlib import Path

FILE = "losses.jsonl"
"""Its name, in the training's workspace."""


def append_loss(work: Path, step: int, loss: float) -> None:
    """Appends a line; a training that resumes from a checkpoint may report steps again."""
    with (work / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": step, "loss": loss}) + "\n")


def read_losses(file: Path) -> list[tuple[int, float]]:
    """Step and loss of each complete line with a finite loss; empty if there is no file."""
    found = []
    with suppress(FileNotFoundError):
        for line in file.read_text(encoding="utf-8").split("\n")[:-1]:
            with suppress(ValueError):  # a line that a killed process did not complete
                entry = json.loads(line)
                if isfinite(entry["loss"]):
                    found.append((int(entry["step"]), float(entry["loss"])))
    return found
