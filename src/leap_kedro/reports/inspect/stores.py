"""Which logs an experiment has, by the stores of episodes in its folders."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ROLLOUTS = "rollouts.jsonl"
_CORRECTIONS = "corrections.jsonl"
_EVALUATION = "evaluation_episodes"
_EPISODES = "_episodes"


@dataclass(frozen=True, slots=True)
class Store:
    """A complete file of episodes.

    Attributes:
        path: The file.
        corrections: File of the corrections of these episodes; None if there are none.
        player: Name of who played, where the policies' own ids do not tell the stores of a log apart; otherwise "".
    """

    path: Path
    corrections: Path | None = None
    player: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read."""
        return (self.path,) if self.corrections is None else (self.path, self.corrections)


@dataclass(frozen=True, slots=True)
class PlannedLog:
    """A log that can be written.

    Attributes:
        name: Name of the log.
        stores: The episodes in it.
        side_by_side: Whether there is one sample per task, with the episodes of all policies, and not one per episode.
    """

    name: str
    stores: tuple[Store, ...]
    side_by_side: bool = False

    @property
    def changed(self) -> int:
        """When the newest file in it was written, in nanoseconds since 1970."""
        return max(path.stat().st_mtime_ns for store in self.stores for path in store.files)


def planned_logs(folders: Iterable[Path]) -> list[PlannedLog]:
    """All logs of an experiment: rollouts with their corrections, evaluations of each policy, and these side by side.

    Args:
        folders: Folders of the experiment, one per layer (`data/<layer>/<experiment>`).
    """
    inside = sorted((path for folder in folders for path in folder.iterdir() if path.is_dir()), key=_natural)
    iterations = [path for path in inside if re.fullmatch(r"iter_\d+", path.name)]
    seeds = [path for path in inside if re.fullmatch(r"seed_\d+", path.name)]
    corrections = {path.name: path / _CORRECTIONS for path in iterations if (path / _CORRECTIONS).is_file()}
    logs = [
        PlannedLog(f"{path.name}_rollouts", (Store(path / _ROLLOUTS, corrections.get(path.name)),))
        for path in iterations
        if (path / _ROLLOUTS).is_file()
    ]
    played = [store for path in inside if path.name == "baselines" for store in _stores(path, _EPISODES)]
    played += [store for path in iterations for store in _stores(path, _EVALUATION)]
    logs += _evaluations("evaluation", {_who(store.path): store for store in played})
    for seed in seeds:
        logs += _of_ablation(seed)
    return logs


def _of_ablation(seed: Path) -> Iterator[PlannedLog]:
    """Logs of one seed of the ablation, whose levels correct the same rollouts and all train a pi_1."""
    parts = sorted((path for path in seed.iterdir() if path.is_dir()), key=_natural)
    rollouts = seed / "start" / _ROLLOUTS
    for part in parts:
        if rollouts.is_file() and (part / _CORRECTIONS).is_file():
            yield PlannedLog(f"{seed.name}_{part.name}_rollouts", (Store(rollouts, part / _CORRECTIONS),))
    order = sorted(parts, key=lambda part: part.name != "start")
    played = {
        part.name: Store(store.path, player="" if part.name == "start" else part.name)
        for part in order
        for store in _stores(part, _EVALUATION)
    }
    yield from _evaluations(f"{seed.name}_evaluation", played)


def _evaluations(name: str, played: dict[str, Store]) -> Iterator[PlannedLog]:
    """One log for each, and all side by side."""
    if len(played) > 1:
        yield PlannedLog(f"{name}_side_by_side", tuple(played.values()), side_by_side=True)
    for who, store in played.items():
        yield PlannedLog(f"{name}_{who}", (store,))


def _stores(folder: Path, ending: str) -> list[Store]:
    """The complete stores of a folder that are not empty, as that of prompted models is where there are none."""
    return [Store(path) for path in sorted(folder.glob(f"*{ending}.jsonl")) if path.stat().st_size]


def _who(path: Path) -> str:
    """Who played the episodes of a file: `pi_0` in `pi_0_evaluation_episodes.jsonl`, else the policy of its folder."""
    name = path.stem.removesuffix(_EPISODES).removesuffix("_evaluation")
    return path.parent.name.replace("iter_", "pi_") if name == "evaluation" else name


def _natural(path: Path) -> tuple[str, int, str]:
    """Sorts `iter_10` after `iter_9`."""
    text, number = re.fullmatch(r"(.*?)(\d*)", path.name).groups()  # type: ignore[union-attr]
    return text, int(number or 0), str(path)
