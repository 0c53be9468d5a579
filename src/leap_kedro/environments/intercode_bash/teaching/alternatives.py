"""Other problems with the same query, which differ in what the student has not seen."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from leap_kedro.environments.intercode_bash.tasks.generated_trees import Made
from leap_kedro.environments.intercode_bash.tasks.generator import GeneratedTask
from leap_kedro.environments.intercode_bash.tasks.problems import Problem
from leap_kedro.environments.intercode_bash.tasks.templates import FILE_FIELDS

_TRIES = 5  # draws per requested problem: most of them contradict the history


def alternative_problems(problem: Problem, count: int, seed: int) -> Iterator[Problem]:
    """Up to `_TRIES` times `count` problems in which files have other places or contents; none for official ones."""
    generated = problem.generated
    if generated is None:
        return
    rng = Random(f"alternatives/{seed}/{problem.query}")
    for _ in range(_TRIES * count):
        yield _other(generated, problem.query, rng)


def _other(task: GeneratedTask, query: str, rng: Random) -> Problem:
    made = task.made
    free = [path for path in made.files if path not in query]
    moved = rng.sample(free, min(len(free), rng.randint(1, 4)))
    folders = [path.rpartition("/")[0] for path in moved]
    rng.shuffle(folders)
    places = {path: f"{folder}/{path.rpartition('/')[2]}" for path, folder in zip(moved, folders, strict=True)}
    texts = dict(made.files)
    if len(free) > 1 and rng.random() < 0.5:
        ending = rng.choice(free).rpartition(".")[2]
        alike = [path for path in free if path.endswith(f".{ending}")]
        for path, donor in zip(alike, rng.sample(alike, len(alike)), strict=True):
            texts[path] = made.files[donor]
    other = Made(made.root, made.folders, {places.get(path, path): lines for path, lines in texts.items()})
    fields = {name: places.get(value, value) if name in FILE_FIELDS else value for name, value in task.fields.items()}
    changed = replace(task, made=other, fields=fields)
    return Problem(query, changed.gold, other.tree, changed)
