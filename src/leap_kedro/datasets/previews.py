"""The files that kedro-viz previews. It opens on the next iteration, whose files do not exist yet."""

import re
from pathlib import Path

_ITERATION = re.compile(r"iter_(\d+)")


def last_made(path: Path) -> Path:
    """The file of an iteration, or if it does not exist, that of the last earlier iteration that has one.

    Args:
        path: The file, ``.../iter_<k>/<name>``; any other path is returned unchanged.
    """
    found = _ITERATION.fullmatch(path.parent.name)
    earlier = range(int(found[1]) - 1, 0, -1) if found else ()
    candidates = (path, *(path.parent.with_name(f"iter_{k}") / path.name for k in earlier))
    return next((candidate for candidate in candidates if candidate.is_file()), path)
