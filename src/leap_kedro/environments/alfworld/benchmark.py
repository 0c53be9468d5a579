"""ALFWorld as a benchmark: its tasks, its environment, its oracle and its experts."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from leap_kedro.environments.alfworld.environment import ALFWorldEnvironment
from leap_kedro.environments.alfworld.instructions import INSTRUCTIONS
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
    """The benchmark, on generated or official games."""

    name = "alfworld"
    title = "ALFWorld"
    instructions = INSTRUCTIONS
    options_model = ALFWorldOptions
    generated_splits = (*SPLITS, "base")
    official_splits = SPLITS
    score_parts: tuple[str, ...] = ()

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Tasks of a split.

        Official games are all returned in the official order if `count` is None; otherwise the first `count` in an
        order drawn with `seed`, because the official order is by task type.

        Raises:
            TaskDataError: If there is no such split, or the official files are missing or malformed.
            EndlessSplit: If all generated games are requested.
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
        """The official games of a split and the malformed files. Raises `TaskDataError` as `tasks`."""
        options = self.options
        return game_index(data_root(options.data_root), split, options.on_malformed, options.cache_folder)

    def environment(self) -> Environment:
        """A new environment on the backend of the options.

        Raises:
            MissingPackage: If the backend is TextWorld and the extra ``[alfworld]`` is not installed.
        """
        if self.options.backend is Backend.TEXTWORLD:
            from leap_kedro.environments.alfworld.tools.reference import ReferenceEnvironment

            return ReferenceEnvironment(self.options.data_root)
        return ALFWorldEnvironment(self.options.data_root)

    def oracle(self) -> Oracle:
        """The oracle. Raises `EnvironmentFailure` if the backend is not the native one."""
        from leap_kedro.environments.alfworld.teaching.oracle import AlfworldOracle

        self.check_native(self.options.backend)
        return AlfworldOracle()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Experts by name; they differ in the order of their search."""
        from leap_kedro.environments.alfworld.teaching.experts import ORDERS, Searcher

        return {name: partial(Searcher, order) for name, order in ORDERS.items()}

    def phrasing(self) -> Phrasing:
        """The phrasing of the clauses in `reasons.py`."""
        from leap_kedro.environments.alfworld.teaching.phrasing import AlfworldPhrasing

        return AlfworldPhrasing()

    def vocabulary(self) -> Vocabulary:
        """The vocabulary of the games."""
        from leap_kedro.environments.alfworld.student.vocabulary import vocabulary

        return vocabulary()

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks through generated games, also if the tasks are official, with questions about them."""
        from leap_kedro.environments.alfworld.student.walks import random_transcripts

        generated = ALFWorld(self.options.model_copy(update={"source": Source.GENERATED}))
        return random_transcripts(generated, split, count, longest, questions, seed)
