"""Generated file systems: one directory with some thirty small files below it, from a seed."""

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
        root: The directory that holds it, ``/atlas``.
        folders: Paths of the directories below it.
        files: Path -> lines of each file; no two files have one name.
    """

    root: str
    folders: tuple[str, ...]
    files: dict[str, tuple[str, ...]]

    @cached_property
    def tree(self) -> Tree:
        """As a tree."""
        files = {path.strip("/"): "".join(f"{line}\n" for line in lines) for path, lines in self.files.items()}
        return tree_of({**{f"{folder.strip('/')}/": "" for folder in self.folders}, **files})

    def named(self, extension: str, below: str = "") -> list[str]:
        """Paths of the files with an extension in a directory or below it."""
        return [path for path in self.files if path.endswith(extension) and path.startswith(f"{below or self.root}/")]


@lru_cache(maxsize=64)
def generate(split: str, number: int, seed: int) -> Made:
    """The file system `number` of a split."""
    dice = Random(f"intercode_bash/{split}/{seed}/{number}")
    root = dice.choice(ROOTS)
    names = dice.sample(FOLDERS, _TOP_FOLDERS + _INNER_FOLDERS)
    top = [f"{root}/{name}" for name in names[:_TOP_FOLDERS]]
    folders = [*top, *(f"{dice.choice(top)}/{name}" for name in names[_TOP_FOLDERS:])]
    extensions = [*EXTENSIONS, *EXTENSIONS, ".txt", ".txt", ".log", ".log", ".csv", ".csv", ".sh", ".tmp"]
    files = {}
    for name, extension in zip(dice.sample(FILES, len(extensions)), extensions, strict=True):
        path = f"{dice.choice([root, *folders, *folders])}/{name}{extension}"
        files[path] = () if dice.random() < _EMPTY_SHARE else _lines(extension, dice)
    return Made(root, tuple(folders), files)


def _lines(extension: str, dice: Random) -> tuple[str, ...]:
    words = dice.sample(LINES, dice.randint(4, 7))
    if extension == ".csv":
        return tuple(
            f"{dice.choice(words)},{dice.choice(words)},{dice.randint(1, 20)}" for _ in range(dice.randint(3, 8))
        )
    if extension == ".sh":
        return tuple(f"echo {dice.choice(words)}" for _ in range(dice.randint(1, 3)))
    return tuple(" ".join(dice.choice(words) for _ in range(dice.randint(1, 3))) for _ in range(dice.randint(3, 9)))
