"""The cached list of a split's official games.

Reading 3553 game files takes several seconds, so their summaries are cached. The key of the cache depends on the names,
sizes and modification times of all game files, so that a changed, added or removed file invalidates it.
"""

import hashlib
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from leap_kedro.environments.alfworld.engine.problem import TextVersion
from leap_kedro.environments.alfworld.tasks.games import (
    GAME_FILE,
    GameSummary,
    MalformedGame,
    game_files,
    malformed,
    split_folder,
    summarize,
)
from leap_kedro.environments.protocol import TaskDataError
from leap_kedro.environments.sources import OnMalformed, user_cache

_FORMAT = 2
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GameIndex:
    """The games of a split.

    Attributes:
        games: The solvable games in order.
        malformed: Files that could not be read, with the reasons.
    """

    games: tuple[GameSummary, ...]
    malformed: tuple[tuple[Path, str], ...]


def game_index(root: Path, split: str, on_malformed: OnMalformed, cache_folder: Path | None = None) -> GameIndex:
    """The games of a split in the data folder `root`; skipped malformed files are logged.

    Raises:
        TaskDataError: If there are none, or if one is malformed and `on_malformed` is `REFUSE`.
    """
    folder = split_folder(root, split)
    index = _cached(folder, cache_folder.expanduser() if cache_folder else user_cache())
    if index.malformed and on_malformed is OnMalformed.REFUSE:
        path, why = index.malformed[0]
        raise malformed(path, why, others=len(index.malformed) - 1)
    for path, why in index.malformed:
        _LOG.warning("Malformed ALFWorld game left out: %s (%s)", path, why)
    if not index.games:
        raise TaskDataError(
            f"No ALFWorld games: the folder {folder} has no solvable game (<task>/<trial>/{GAME_FILE} beside "
            f"traj_data.json; {len(index.malformed)} malformed files). Get the games with `alfworld-download -f`."
        )
    return index


def _cached(folder: Path, cache_folder: Path) -> GameIndex:
    try:
        files = [
            (task, trial, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            for task, trial, status in game_files(folder)
        ]
    except OSError as error:
        raise TaskDataError(f"The ALFWorld games in {folder} cannot be listed: {error}") from error
    content = json.dumps([_FORMAT, str(folder.resolve()), files])
    key = hashlib.sha256(content.encode()).hexdigest()
    cache = cache_folder / f"alfworld_{key[:32]}.json"
    try:
        return _from_json(folder, cache.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):  # absent or damaged
        index, lasting = _read_all(folder, [(task, trial) for task, trial, *_ in files])
        if lasting:
            _write(cache, _to_json(folder, index))
        return index


def _read_all(folder: Path, names: list[tuple[str, str]]) -> tuple[GameIndex, bool]:
    """The list, and whether to cache it: after an I/O error, reading may succeed the next time."""
    games, broken, lasting = [], [], True
    for task, trial in names:
        try:
            summary = summarize(folder, task, trial)
        except (MalformedGame, OSError) as error:
            lasting = lasting and not isinstance(error, OSError)
            broken.append((folder / task / trial / GAME_FILE, str(error)))
        else:
            if summary is not None:
                games.append(summary)
    return GameIndex(tuple(games), tuple(broken)), lasting


def _to_json(folder: Path, index: GameIndex) -> str:
    broken = [[path.relative_to(folder).as_posix(), why] for path, why in index.malformed]
    return json.dumps({"games": [list(asdict(game).values()) for game in index.games], "malformed": broken})


def _from_json(folder: Path, content: bytes) -> GameIndex:
    data = json.loads(content)
    games = tuple(
        GameSummary(task, trial, kind, goal, TextVersion(version)) for task, trial, kind, goal, version in data["games"]
    )
    return GameIndex(games, tuple((folder / path, why) for path, why in data["malformed"]))


def _write(path: Path, content: str) -> None:
    """Write atomically; a cache that cannot be written is not an error."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(content)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
