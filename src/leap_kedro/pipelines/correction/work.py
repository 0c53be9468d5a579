"""Correcting as work that can run on other machines, for teachers that are not behind a server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from leap_kedro.compute.work import Loaded, Pulse, WorkerFailure
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind
from leap_kedro.pipelines.correction.teacher import build_teacher
from leap_kedro.records import CorrectedEpisode, Episode


@dataclass(frozen=True, slots=True)
class CorrectingWork:
    """The oracle or the student itself corrects episodes; see `Work`."""

    parameters: CorrectionParameters
    environment: EnvironmentSpec
    student: SavedPolicy
    name: str = "correction"

    @property
    def slots(self) -> int:
        """Episodes corrected at once."""
        return self.parameters.teacher.slots if self._teaches_itself else 1

    @property
    def folder(self) -> Path | None:
        """The folder of the student that teaches itself."""
        return self.student.folder if self._teaches_itself else None

    @property
    def _teaches_itself(self) -> bool:
        return self.parameters.teacher.kind is TeacherKind.SELF

    def moved(self, folder: Path) -> "CorrectingWork":
        """See `Work`."""
        return replace(self, student=replace(self.student, folder=folder))

    def load(self) -> Loaded[Episode, CorrectedEpisode]:
        """See `Work`."""
        benchmark = make_benchmark(self.environment)
        teacher = build_teacher(self.parameters, ServerParameters(), benchmark, self.student, {}, Access(), ())

        def corrected(episodes: Iterable[Episode], pulse: Pulse) -> Iterator[CorrectedEpisode]:
            return teacher.correct_all(episodes)

        return corrected

    def item_id(self, item: Episode) -> str:
        """See `Work`."""
        return item.id

    def result_id(self, result: CorrectedEpisode) -> str:
        """See `Work`."""
        return result.episode

    def given_up(self, item: Episode, cause: str) -> CorrectedEpisode:
        """An episode that no worker can correct stops the stage."""
        raise WorkerFailure(f"The episode {item.id} cannot be corrected: {cause}")
