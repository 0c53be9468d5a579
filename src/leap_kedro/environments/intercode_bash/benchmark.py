"""InterCode Bash as a benchmark: its tasks, its environment, its oracle and its experts."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from leap_kedro.environments.intercode_bash.engine.reward import PARTS
from leap_kedro.environments.intercode_bash.engine.runtime import runtime_of
from leap_kedro.environments.intercode_bash.engine.sandbox.probe import Backend
from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import SandboxFailure
from leap_kedro.environments.intercode_bash.environment import InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.instructions import INSTRUCTIONS
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.generator import asks_for_something, candidates
from leap_kedro.environments.intercode_bash.tasks.problems import (
    FILE_SYSTEMS,
    folder_of,
    official_split,
    official_tasks,
)
from leap_kedro.environments.protocol import Environment, Expert, Oracle, Phrasing, TaskDataError
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.sources import Source
from leap_kedro.environments.suite import Suite, sampled
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.records import Task


class InterCodeBash(Suite[InterCodeBashOptions]):
    """The benchmark, on generated or official file systems."""

    name = "intercode_bash"
    title = "InterCode Bash"
    instructions = INSTRUCTIONS
    options_model = InterCodeBashOptions
    generated_splits = ("train", "eval", "test", "base")
    official_splits = tuple(FILE_SYSTEMS)
    score_parts: tuple[str, ...] = PARTS

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Tasks of a split. Each split has its own generated file systems; the order of official tasks is drawn.

        Raises:
            TaskDataError: If there is no such split, the official files are missing or malformed, or no sandbox works.
            EndlessSplit: If all generated tasks are requested.
        """
        self.check_split(split)
        if self.options.source is Source.OFFICIAL:
            return self._official(split, count, seed)
        try:
            return list(self._generated(split, self.check_count(split, count), seed))
        except SandboxFailure as error:
            raise TaskDataError(str(error)) from error

    def environment(self) -> Environment:
        """A fresh environment."""
        return InterCodeBashEnvironment(self.options)

    def oracle(self) -> Oracle:
        """The oracle, which knows the gold command."""
        from leap_kedro.environments.intercode_bash.teaching.oracle import InterCodeBashOracle

        return InterCodeBashOracle()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Experts by name; they differ in whether they understand unusual wordings."""
        from leap_kedro.environments.intercode_bash.teaching.experts import EXPERTS, BashExpert

        return {name: partial(BashExpert, fluent) for name, fluent in EXPERTS.items()}

    def phrasing(self) -> Phrasing:
        """The phrasing of the clauses in `reasons.py`."""
        from leap_kedro.environments.clauses import FixedHints
        from leap_kedro.environments.intercode_bash.teaching.reasons import VARIANTS, Hint

        return FixedHints(VARIANTS, r"\S+", Hint.PRINCIPLE, Hint.PERHAPS)

    def vocabulary(self) -> Vocabulary:
        """The vocabulary of generated tasks."""
        from leap_kedro.environments.intercode_bash.student.vocabulary import vocabulary

        return vocabulary()

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks through generated file systems, also if the tasks are official, with questions about them.

        They run in bashkit, which is several times as fast and gives the same answers on every machine.
        """
        from leap_kedro.environments.intercode_bash.student.walks import random_transcripts

        generated = InterCodeBash(
            self.options.model_copy(update={"source": Source.GENERATED, "backend": Backend.BASHKIT})
        )
        return random_transcripts(generated, split, count, longest, questions, seed)

    def _generated(self, split: str, count: int, seed: int) -> Iterator[Task]:
        runtime = runtime_of(self.options)
        found: set[tuple[str, str]] = set()
        for number, task in candidates(split, seed):
            if len(found) == count:
                return
            what = (task.made.tree.digest, task.query)
            if what not in found and (split == "base" or asks_for_something(runtime.golds, runtime.strict_rule, task)):
                found.add(what)
                yield Task(
                    id=f"{split}/{seed}/{number}",
                    environment=self.name,
                    split=split,
                    goal=task.query,
                    kind=task.kind,
                    payload={"source": Source.GENERATED.value, "shown_split": split, "number": number, "seed": seed},
                )

    def _official(self, split: str, count: int | None, seed: int) -> list[Task]:
        folder = folder_of(self.options)
        made = [
            Task(
                id=f"{split}/fs_{number}/{index}",
                environment=self.name,
                split=split,
                goal=official_tasks(folder, number)[index]["query"],
                kind=f"file system {number}",
                payload={"source": Source.OFFICIAL.value, "file_system": number, "index": index},
            )
            for number, index in official_split(folder, split, self.options.train_fraction)
        ]
        return sampled(made, count, seed)
