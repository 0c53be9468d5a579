"""Tasks on generated file systems, drawn from the templates: several candidates per tree.

`asks_for_something` decides which candidates are kept.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from random import Random

from leap_kedro.environments.intercode_bash.engine.golds import GoldRuns
from leap_kedro.environments.intercode_bash.engine.reward import RewardRule
from leap_kedro.environments.intercode_bash.tasks.generated_trees import Made, generate
from leap_kedro.environments.intercode_bash.tasks.templates import FILE_FIELDS, TEMPLATES, Template
from leap_kedro.environments.intercode_bash.tasks.words import EXTENSIONS, FILES, FOLDERS, LINES

_TASKS_A_TREE = 8  # few, so that memorizing the trees of training tasks does not help
_WALKS_A_TREE = 40
_UNUSUAL = 0.5
_WITH_PATH = 0.3
_NEAR = 0.9

LAZY = ("", "ls", "ls -R {root}", "{query}")
"""Trivial strategies: doing nothing, looking around, running the query as a command."""


@dataclass(frozen=True, slots=True)
class GeneratedTask:
    """A task on a generated file system.

    Attributes:
        made: The file system.
        kind: Name of the template.
        fields: Values of the template's fields, with full paths.
        query: The query.
        usual: Whether every expert understands its wording.
    """

    made: Made
    kind: str
    fields: Mapping[str, str]
    query: str
    usual: bool

    @property
    def gold(self) -> str:
        """The command that solves it."""
        return command_of(TEMPLATES[self.kind], self.fields)

    @property
    def misread(self) -> tuple[str, ...]:
        """The command of an expert that misunderstands an unusual wording; none for a usual wording."""
        return () if self.usual else (command_of(TEMPLATES[TEMPLATES[self.kind].taken_for], self.fields),)


@lru_cache(maxsize=4096)
def candidate(split: str, number: int, seed: int) -> GeneratedTask | None:
    """Candidate `number` of a split; None if the tree does not fit the template or the task is ambiguous."""
    made = generate(split, number // (_WALKS_A_TREE if split == "base" else _TASKS_A_TREE), seed)
    rng = Random(f"intercode_bash/task/{split}/{seed}/{number}")
    kind = rng.choice(list(TEMPLATES))
    template = TEMPLATES[kind]
    fields = drawn(template, made, rng)
    if fields is None or _has_several_answers(kind, made, fields):
        return None
    unusual = template.unusual and rng.random() < _UNUSUAL
    wording = rng.choice(template.unusual if unusual else template.usual)
    with_path = rng.random() < _WITH_PATH
    said = {name: _said(name, value, with_path) for name, value in fields.items()}
    return GeneratedTask(made, kind, fields, f"Below {made.root}: {wording.format(**said)}", not unusual)


def _has_several_answers(kind: str, made: Made, fields: Mapping[str, str]) -> bool:
    """Whether the most frequent line is requested and two lines are equally frequent."""
    if kind != "frequent":
        return False
    counts = sorted(Counter(made.files[fields["file"]]).values())
    return counts[-2:-1] == counts[-1:]


def command_of(template: Template, fields: Mapping[str, str]) -> str:
    """The command of a template for given fields with full paths."""
    file = next((fields[name] for name in FILE_FIELDS if name in fields), "")
    return template.command.format(**fields, beside=file.rpartition("/")[0])


def _said(name: str, value: str, with_path: bool) -> str:
    return value.rpartition("/")[2] if name in FILE_FIELDS and not with_path else value


def drawn(template: Template, made: Made, rng: Random) -> dict[str, str] | None:
    """Values of a template's fields that fit a tree, with full paths; None if there are none."""
    fields: dict[str, str] = {}
    lines: list[str] = []
    folders = [made.root, *made.folders]
    for name in sorted(template.fields):
        match name:
            case "file" | "csv" | "script":
                ending = {"csv": ".csv", "script": ".sh"}.get(name, "")
                pool = [
                    path for path in made.named(ending) if made.files[path] and (ending or not path.endswith(".csv"))
                ]
                if not pool:
                    return None
                fields[name] = rng.choice(pool)
                lines = [word for line in made.files[fields[name]] for word in line.replace(",", " ").split()]
            case "dir":
                fields[name] = rng.choice(folders)
            case "ext":
                fields[name] = rng.choice(EXTENSIONS)
            case "n":
                fields[name] = str(rng.randint(2, 4))
            case "column":
                fields[name] = str(rng.randint(1, 2))
            case "new":
                taken = {path.rpartition("/")[2].partition(".")[0] for path in made.files}
                fields[name] = rng.choice([each for each in FILES if each not in taken]) + rng.choice(EXTENSIONS)
            case "name":
                taken = {path.rpartition("/")[2] for path in made.folders}
                fields[name] = rng.choice([each for each in FOLDERS if each not in taken])
    if "word" in template.fields:
        lines = lines or [word for path in made.files for line in made.files[path] for word in line.split()]
        fields["word"] = rng.choice([word for word in lines if word in LINES] or LINES)
    if "other" in template.fields:
        fields["other"] = rng.choice([word for word in LINES if word != fields["word"]])
    return fields


def candidates(split: str, seed: int) -> Iterator[tuple[int, GeneratedTask]]:
    """All candidates of a split with their numbers; there is no last one."""
    for number in count():
        if (made := candidate(split, number, seed)) is not None:
            yield number, made


def asks_for_something(golds: GoldRuns, rule: RewardRule, task: GeneratedTask) -> bool:
    """Whether the gold command succeeds and has an effect that trivial strategies and misreadings do not approach."""
    tree = task.made.tree
    wanted = golds.of(tree, task.gold)
    if not wanted.succeeded or not (wanted.changes.files or (wanted.output or "").strip()):
        return False
    lazy = [each.format(root=task.made.root, query=task.query) for each in LAZY]
    for command in (*lazy, *task.misread):
        outcome = golds.play(tree, (command,) if command else (), task.query)
        if rule(outcome, wanted).total >= _NEAR:
            return False
    return True
