"""Demonstrations from a file or a data set of episodes, for an environment without experts.

Each record is one episode: `opening` (the first observation) and `turns`, each with `action`, `observation` (what
followed) and perhaps `reason`. A file has one record per line, in JSON (``.jsonl``). A data set is a folder that
`datasets.Dataset.save_to_disk` wrote, or one of the Hugging Face Hub, named ``dataset:ORG/NAME``.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.records import Example, Target, Turn, UserError
from leap_kedro.records.errors import in_one_line
from leap_kedro.teachers.unprivileged import intended

DATASET = "dataset:"
"""Prefix of the name of a data set of the Hugging Face Hub."""

_FILE = ".jsonl"


class GivenEpisodesRefused(UserError):
    """The episodes are missing or malformed; the message names the file and the record."""


class GivenTurn(BaseModel):
    """An action, the reason for it, and what followed."""

    model_config = ConfigDict(extra="ignore")
    action: str = Field(min_length=1, pattern=r"^[^\n]*$")
    observation: str
    reason: str | None = None


class GivenEpisode(BaseModel):
    """A demonstration."""

    model_config = ConfigDict(extra="ignore")
    opening: str = Field(min_length=1)
    turns: list[GivenTurn] = Field(min_length=1)

    def example(self, name: str, environment: str) -> Example:
        """The training example in which each turn is a target."""
        return Example(
            episode=name,
            iteration=0,
            environment=environment,
            opening=self.opening,
            turns=tuple(Turn(turn.action, turn.observation) for turn in self.turns),
            targets=tuple(
                Target(step, turn.reason or intended(turn.action).reason, turn.action)
                for step, turn in enumerate(self.turns)
            ),
        )


def is_given(demonstrator: str) -> bool:
    """Whether the parameter `bootstrap.demonstrator` names a file or a data set."""
    if demonstrator.startswith(SCHEME):  # a model of a server may be called ORG/NAME
        return False
    return demonstrator.endswith(_FILE) or demonstrator.startswith(DATASET) or "/" in demonstrator


def given_demonstrations(source: str, count: int, environment: str) -> list[Example]:
    """The first `count` episodes of a file or a data set.

    Args:
        source: A file (``.jsonl``), a folder of a data set, or ``dataset:ORG/NAME``.
        count: Number of demonstrations.
        environment: Name of the environment.

    Raises:
        GivenEpisodesRefused: If there are fewer, or one is malformed.
    """
    found: list[Example] = []
    for number, record in enumerate(_records(source), start=1):
        if len(found) == count:
            break
        try:
            found.append(GivenEpisode.model_validate(record).example(f"given/{number}", environment))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise GivenEpisodesRefused(f"{source}, episode {number}: `{place}`: {first['msg']}. {_FORM}") from error
    if len(found) < count:
        raise GivenEpisodesRefused(
            f"{source} has {len(found)} episodes, and `bootstrap.demonstrations` asks for {count}: "
            f"--params=bootstrap.demonstrations={max(1, len(found))}"
        )
    return found


_FORM = (
    'An episode has the form {"opening": "...", "turns": [{"reason": "...", "action": "...", "observation": "..."}]}.'
)


def _records(source: str) -> Iterable[Any]:
    if source.endswith(_FILE):
        return _lines(Path(source).expanduser())
    import datasets

    try:
        if source.startswith(DATASET):
            loaded: Any = datasets.load_dataset(source.removeprefix(DATASET), split="train")
        else:
            loaded = datasets.load_from_disk(str(Path(source).expanduser()))
    except Exception as error:
        raise GivenEpisodesRefused(f"The data set {source} cannot be read: {in_one_line(error)}") from error
    records: Iterable[Any] = loaded["train"] if isinstance(loaded, datasets.DatasetDict) else loaded
    return records


def _lines(file: Path) -> Iterator[Any]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GivenEpisodesRefused(f"The episodes in {file} cannot be read: {in_one_line(error)}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise GivenEpisodesRefused(f"{file}, line {number} is no JSON: {error}. {_FORM}") from error
