"""Games that TextWorld makes from a seed. A game is made once, in about a second, and kept in a folder."""

import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from leap_kedro.environments.protocol import Observation, StepResult
from leap_kedro.records import Task

SPLITS = ("train", "test")
_BANNER_END, _STATUS_LINE = "$$$ \n", "\n>"
_NOT_TOLD = {"free", "link", "edible"}  # facts that follow from others, or from what the student sees
_ONE_AT_A_TIME = Lock()  # TextWorld makes games from a random state of the whole process


class Options(BaseModel):
    """What is played.

    Attributes:
        challenge: Name of a challenge of TextWorld.
        settings: The settings of this challenge.
        folder: Where games are kept.
    """

    model_config = ConfigDict(extra="forbid")
    challenge: str = "tw-simple"
    settings: dict[str, str | int | bool | None] = {"rewards": "sparse", "goal": "brief", "test": False}
    folder: Path = Path("data/09_cache/textworld")


class TextWorldGames:
    """The games of one challenge. Each task is a game of its own."""

    name = "textworld_games"
    options_model = Options
    instructions = "You play a text adventure. Things are in rooms, on furniture and in closed containers."

    def __init__(self, **options: Any) -> None:
        self.options = Options(**options)

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Games by number; no two splits have one in common."""
        first, challenge = SPLITS.index(split) + len(SPLITS) * 100_000 * seed, self.options.challenge
        games = [first + len(SPLITS) * number for number in range(1_000 if count is None else count)]
        about = self.name, split, "Win the game.", challenge
        return [Task(f"{challenge}/{game}", *about, {"game": game}) for game in games]

    def environment(self) -> "Emulator":
        """An emulator without a game."""
        return Emulator(self.options)

    def privileged(self, task: Task) -> tuple[str, ...]:
        """Where everything is at the beginning, and what is closed or locked."""
        return _facts(made_game(self.options, task))

    def plan(self, environment: "Emulator") -> Sequence[str] | None:
        """The commands that TextWorld works out from the present state."""
        state = environment.state
        return () if state.won else (tuple(state.policy_commands) or None)


class Emulator:
    """Plays one game after another.

    Attributes:
        state: The present state as TextWorld knows it.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._file, self._played = Path(), None
        self.state: Any = None

    def reset(self, task: Task) -> Observation:
        """Start a game."""
        import textworld

        file = made_game(self._options, task)
        if file != self._file:
            known = textworld.EnvInfos(admissible_commands=True, policy_commands=True, score=True, max_score=True)
            self._file, self._played = file, textworld.start(str(file), known)
        self.state = self._played.reset()
        self._played.unwrapped._send("brief")  # rooms are described on the first visit only
        return self._observed(self.state.feedback.rpartition(_BANNER_END)[2])

    def step(self, action: str) -> StepResult:
        """Execute a listed command; others are not passed on."""
        accepted, done = action in self.state.admissible_commands, False
        if accepted:
            self.state, _, done = self._played.step(action)
        seen = self._observed(self.state.feedback if accepted else "That is not possible now.")
        return StepResult(seen, max(0, self.state.score or 0) / self.state.max_score, done, accepted)

    def _observed(self, text: str) -> Observation:
        lines = (line.strip() for line in text.partition(_STATUS_LINE)[0].splitlines())
        return Observation("\n".join(filter(None, lines)), tuple(self.state.admissible_commands))


def made_game(options: Options, task: Task) -> Path:
    """The file of a task's game; beside it, TextWorld's description of the game in JSON."""
    what = json.dumps([options.challenge, options.settings, task.payload["game"]])
    file = options.folder.absolute() / f"{sha256(what.encode()).hexdigest()[:16]}.z8"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        with _ONE_AT_A_TIME, FileLock(file.with_suffix(".lock")):
            if not file.exists():
                _make(options, int(task.payload["game"]), file)
    return file


def _make(options: Options, seed: int, file: Path) -> None:
    from textworld import GameOptions
    from textworld.challenges import CHALLENGES
    from textworld.generator import compile_game

    wanted = GameOptions()
    wanted.seeds = seed
    game = CHALLENGES[options.challenge][1](options.settings, wanted)
    with TemporaryDirectory(dir=file.parent) as folder:
        wanted.path = f"{folder}/{file.name}"
        made = Path(compile_game(game, wanted))
        made.with_suffix(".json").replace(file.with_suffix(".json"))
        made.replace(file)


@lru_cache(maxsize=1_000)
def _facts(file: Path) -> tuple[str, ...]:
    from textworld import Game
    from textworld.generator.inform7 import Inform7Game

    game = Game.load(str(file.with_suffix(".json")))
    facts = map(Inform7Game(game).get_human_readable_fact, game.world.facts)
    told = ((fact.name, [each.name for each in fact.arguments]) for fact in facts)
    return tuple(sorted(_in_words(*fact) for fact in told if fact[0] not in _NOT_TOLD and "P" not in fact[1]))


def _in_words(relation: str, names: Sequence[str]) -> str:
    first, *others = ("the inventory" if name == "I" else name for name in names)
    return " ".join([first, "opens" if relation == "match" else f"is {relation.replace('_', ' ')}", *others])
