"""ALFWorld as a benchmark: its tasks, its environment, its oracle and its experts."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions, Backend
from leap_kedro.environments.alfworld.tasks.game_index import GameIndex, game_index
from leap_kedro.environments.alfworld.tasks.games import DATA_FOLDER, GAME_FILE, SPLITS, data_root
from leap_kedro.environments.protocol import Environment, Expert, Oracle, Phrasing
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.sources import Source
from leap_kedro.environments.suite import Suite, sampled
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import Task


class ALFWorld(Suite[ALFWorldOptions]):
    """The benchmark, on generated or on official games."""

    name = "alfworld"
    title = "ALFWorld"
    generated_splits = (*SPLITS, "base")
    official_splits = SPLITS
    score_parts: tuple[str, ...] = ()

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Tasks of a split.

        Official games: all in the official order where `count` is None, else the first `count` in an order drawn with
        `seed` (the official order goes by task type, so that its beginning is no sample).

        Raises:
            TaskDataError: If there is no such split, or the official files are missing or malformed.
            EndlessSplit: If all generated games are asked for.
        """
        self.check_split(split)
        if self.options.source is Source.GENERATED:
            from leap_kedro.environments.alfworld.tasks.generator import generated_tasks

            return generated_tasks(split, self.check_count(split, count), seed, self.options.text_version)
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
        return sampled(tasks, count, seed)

    def official_games(self, split: str) -> GameIndex:
        """The list of a split's official games, with the malformed files that were left out of it.

        Raises:
            TaskDataError: As `tasks`.
        """
        options = self.options
        return game_index(data_root(options.data_root), split, options.on_malformed, options.cache_folder)

    def environment(self) -> Environment:
        """A fresh environment on the backend that the options name.

        Raises:
            MissingPackage: If that is TextWorld's and the extra ``[alfworld]`` is not installed.
        """
        if self.options.backend is Backend.TEXTWORLD:
            from leap_kedro.environments.alfworld.tools.reference import ReferenceEnvironment

            return ReferenceEnvironment(self.options.data_root)
        return ALFWorldEnvironment(self.options.data_root)

    def oracle(self) -> Oracle:
        """The privileged planner. Raises `EnvironmentFailure` with another backend than the native one."""
        from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle

        self.check_native(self.options.backend)
        return AlfworldOracle()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Searchers by the order in which they search."""
        from leap_kedro.environments.alfworld.teaching.experts import ORDERS, Searcher

        return {name: partial(Searcher, order) for name, order in ORDERS.items()}

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
