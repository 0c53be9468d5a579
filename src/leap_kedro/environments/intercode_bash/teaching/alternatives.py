"""Other problems with the same query: what is hidden from the student until it looks is otherwise in them."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from leap_kedro.environments.intercode_bash.tasks.generated_trees import Made
from leap_kedro.environments.intercode_bash.tasks.generator import GeneratedTask
from leap_kedro.environments.intercode_bash.tasks.problems import Problem
from leap_kedro.environments.intercode_bash.tasks.templates import FILE_FIELDS

_TRIES = 5  # draws for each that is wanted: a history tells most of them apart


def alternative_problems(problem: Problem, count: int, seed: int) -> Iterator[Problem]:
    """Problems over file systems in which files lie elsewhere, or say something else.

    Args:
        problem: The problem in play; of an official one there is no other.
        count: Most that are wanted; up to `_TRIES` times as many are drawn.
        seed: Seed of what is drawn.
    """
    generated = problem.generated
    if generated is None:
        return
    dice = Random(f"alternatives/{seed}/{problem.query}")
    for _ in range(_TRIES * count):
        yield _other(generated, problem.query, dice)


def _other(task: GeneratedTask, query: str, dice: Random) -> Problem:
    made = task.made
    free = [path for path in made.files if path not in query]
    moved = dice.sample(free, min(len(free), dice.randint(1, 4)))
    folders = [path.rpartition("/")[0] for path in moved]
    dice.shuffle(folders)
    places = {path: f"{folder}/{path.rpartition('/')[2]}" for path, folder in zip(moved, folders, strict=True)}
    texts = dict(made.files)
    if len(free) > 1 and dice.random() < 0.5:
        ending = dice.choice(free).rpartition(".")[2]
        alike = [path for path in free if path.endswith(f".{ending}")]
        for path, donor in zip(alike, dice.sample(alike, len(alike)), strict=True):
            texts[path] = made.files[donor]
    other = Made(made.root, made.folders, {places.get(path, path): lines for path, lines in texts.items()})
    fields = {name: places.get(value, value) if name in FILE_FIELDS else value for name, value in task.fields.items()}
    changed = replace(task, made=other, fields=fields)
    return Problem(query, changed.gold, other.tree, changed)
