"""ALFWorld as a benchmark: its tasks, its environment, its oracle and its experts."""

from collections.abc import Iterator
from random import Random
from typing import NoReturn

from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions, Backend
from leap_kedro.environments.alfworld.tasks.game_index import GameIndex, game_index
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE, data_root
from leap_kedro.environments.protocol import (
    EndlessSplit,
    Environment,
    EnvironmentFailure,
    Expert,
    Oracle,
    Phrasing,
    TaskDataError,
    UnknownExpert,
)
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.sources import Source
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import Task


class ALFWorld:
    """The benchmark, on generated or on official games.

    Attributes:
        name: Registered name.
        options: Its options.
    """

    name = "alfworld"
    score_parts: tuple[str, ...] = ()

    def __init__(self, options: ALFWorldOptions) -> None:
        self.options = options

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Tasks of a split.

        Official games: all in the official order where `count` is None, else the first `count` in an order drawn with
        `seed` (the official order goes by task type, so that its beginning is no sample).

        Args:
            split: ``train``, ``valid_seen`` or ``valid_unseen`` (``base`` for generated games, too).
            count: How many; None (official games only) for all. A split with fewer gives all that it has.
            seed: Seed of what is drawn or generated.

        Raises:
            TaskDataError: If there is no such split, or the official files are missing or malformed.
        """
        if self.options.source is Source.GENERATED:
            return self._generated(split, count, seed)
        tasks = [
            Task(
                id=f"{split}/{game.task}/{game.trial}",
                environment=self.name,
                split=split,
                goal=game.goal,
                kind=game.kind,
                payload={
                    "source": Source.OFFICIAL.value,
                    "game": f"{DATA_FOLDER}/{split}/{game.task}/{game.trial}/{GAME_FILE}",
                    "text_version": game.text_version.value,
                },
            )
            for game in self.official_games(split).games
        ]
        return tasks if count is None else Random(seed).sample(tasks, len(tasks))[:count]

    def official_games(self, split: str) -> GameIndex:
        """The list of a split's official games, with the malformed files that were left out of it.

        Raises:
            TaskDataError: As `tasks`.
        """
        options = self.options
        return game_index(data_root(options.data_root), split, options.on_malformed, options.cache_folder)

    def environment(self) -> Environment:
        """A fresh environment on the engine that the options name.

        Raises:
            MissingPackage: If that is TextWorld's and the extra ``[alfworld]`` is not installed.
        """
        if self.options.backend is Backend.TEXTWORLD:
            from leap_kedro.environments.alfworld.tools.reference import ReferenceEnvironment

            return ReferenceEnvironment(self.options.data_root)
        return ALFWorldEnvironment(self.options.data_root)

    def oracle(self) -> Oracle:
        """The privileged planner.

        Raises:
            EnvironmentFailure: If the options name another backend than the native engine.
        """
        if self.options.backend is not Backend.NATIVE:
            raise EnvironmentFailure(
                "The ALFWorld oracle needs the native engine, and the option `environments.alfworld.backend` is "
                f"'{self.options.backend}'. Run with --params=environments.alfworld.backend=native."
            )
        from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle

        return AlfworldOracle()

    def expert(self, name: str, seed: int = 0) -> Expert:
        """A searcher by the order in which it searches; all are deterministic.

        Raises:
            UnknownExpert: If there is none of that name.
        """
        from leap_kedro.environments.alfworld.teaching.experts import ORDERS, Searcher

        if name not in ORDERS:
            raise UnknownExpert(f"ALFWorld has no expert '{name}'; its experts: {', '.join(ORDERS)}.")
        return Searcher(ORDERS[name])

    def phrasing(self) -> Phrasing:
        """The clauses of `reasons.py`, hinted and varied."""
        from leap_kedro.environments.alfworld.teaching.phrasing import AlfworldPhrasing

        return AlfworldPhrasing()

    def vocabulary(self) -> Vocabulary:
        """All that the games' texts, actions, reasons and questions are made of."""
        from leap_kedro.environments.alfworld.student.vocabulary import vocabulary

        return vocabulary()

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks through generated games, whatever the source of the tasks, with questions about them."""
        from leap_kedro.environments.alfworld.student.walks import random_transcripts

        generated = ALFWorld(self.options.model_copy(update={"source": Source.GENERATED}))
        return random_transcripts(generated, split, count, longest, questions, seed)

    def _generated(self, split: str, count: int | None, seed: int) -> list[Task]:
        from leap_kedro.environments.alfworld.tasks.generator import Split, generated_tasks

        if split not in tuple(Split):
            _refuse(f"has no split '{split}'; its splits: {', '.join(Split)}")
        if count is None:
            raise EndlessSplit(f"The ALFWorld generator has no end in its split '{split}': say how many are wanted.")
        return generated_tasks(split, count, seed, self.options.text_version)


def _refuse(why: str) -> NoReturn:
    raise TaskDataError(f"The ALFWorld generator {why}.")
