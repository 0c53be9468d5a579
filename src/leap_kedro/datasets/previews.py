"""What kedro-viz shows beside a dataset: it opens on the next iteration, which has not made its files yet."""

import re
from pathlib import Path

_ITERATION = re.compile(r"iter_(\d+)")


def last_made(path: Path) -> Path:
    """A file of an iteration, or where that is missing the same file of the last iteration before that has it.

    Args:
        path: The file, ``.../iter_<k>/<name>``; one that is elsewhere stays as it is.
    """
    found = _ITERATION.fullmatch(path.parent.name)
    earlier = range(int(found[1]) - 1, 0, -1) if found else ()
    candidates = (path, *(path.parent.with_name(f"iter_{k}") / path.name for k in earlier))
    return next((candidate for candidate in candidates if candidate.is_file()), path)
