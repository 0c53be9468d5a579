"""File systems generated from a seed: one directory that contains small files and directories."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from random import Random

from leap_kedro.environments.intercode_bash.engine.sandbox.trees import Tree, tree_of
from leap_kedro.environments.intercode_bash.tasks.words import EXTENSIONS, FILES, FOLDERS, LINES, ROOTS

_TOP_FOLDERS, _INNER_FOLDERS = 4, 4
_EMPTY_SHARE = 0.1


@dataclass(frozen=True)
class Made:
    """A generated file system.

    Attributes:
        root: The top directory, such as ``/atlas``.
        folders: Paths of the directories below it.
        files: Path -> lines of each file; file names are unique.
    """

    root: str
    folders: tuple[str, ...]
    files: dict[str, tuple[str, ...]]

    @cached_property
    def tree(self) -> Tree:
        """The file system as a `Tree`."""
        files = {path.strip("/"): "".join(f"{line}\n" for line in lines) for path, lines in self.files.items()}
        return tree_of({**{f"{folder.strip('/')}/": "" for folder in self.folders}, **files})

    def named(self, extension: str, below: str = "") -> list[str]:
        """Paths of the files with an extension, at any depth below a directory."""
        return [path for path in self.files if path.endswith(extension) and path.startswith(f"{below or self.root}/")]


@lru_cache(maxsize=64)
def generate(split: str, number: int, seed: int) -> Made:
    """File system number `number` of a split."""
    rng = Random(f"intercode_bash/{split}/{seed}/{number}")
    root = rng.choice(ROOTS)
    names = rng.sample(FOLDERS, _TOP_FOLDERS + _INNER_FOLDERS)
    top = [f"{root}/{name}" for name in names[:_TOP_FOLDERS]]
    folders = [*top, *(f"{rng.choice(top)}/{name}" for name in names[_TOP_FOLDERS:])]
    extensions = [*EXTENSIONS, *EXTENSIONS, ".txt", ".txt", ".log", ".log", ".csv", ".csv", ".sh", ".tmp"]
    files = {}
    for name, extension in zip(rng.sample(FILES, len(extensions)), extensions, strict=True):
        path = f"{rng.choice([root, *folders, *folders])}/{name}{extension}"
        files[path] = () if rng.random() < _EMPTY_SHARE else _lines(extension, rng)
    return Made(root, tuple(folders), files)


def _lines(extension: str, rng: Random) -> tuple[str, ...]:
    words = rng.sample(LINES, rng.randint(4, 7))
    if extension == ".csv":
        return tuple(f"{rng.choice(words)},{rng.choice(words)},{rng.randint(1, 20)}" for _ in range(rng.randint(3, 8)))
    if extension == ".sh":
        return tuple(f"echo {rng.choice(words)}" for _ in range(rng.randint(1, 3)))
    return tuple(" ".join(rng.choice(words) for _ in range(rng.randint(1, 3))) for _ in range(rng.randint(3, 9)))
