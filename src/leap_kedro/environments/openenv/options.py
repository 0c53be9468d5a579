"""Options of an OpenEnv server as an environment."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PositiveInt

from leap_kedro.records.parameters import Free, StrictModel

OBSERVATION, STATE = "observation", "state"


def _path(path: str) -> str:
    if not path.startswith((f"{OBSERVATION}.", f"{STATE}.")):
        raise ValueError(f"a path begins with observation. or state. (observation.text), and '{path}' does not")
    return path


def _of_observation(path: str) -> str:
    if not path.startswith(f"{OBSERVATION}."):
        raise ValueError(f"a path inside the observation (observation.text), and not '{path}'")
    return path


def _with_action(action: dict[str, Any]) -> dict[str, Any]:
    if "{action}" not in str(action):
        raise ValueError("the placeholder {action} is nowhere in it")
    return action


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return pattern


Path = Annotated[str, AfterValidator(_path)]
"""Names joined by dots, from `observation` or `state`; a number is a place in a list."""
ObservationPath = Annotated[str, AfterValidator(_of_observation)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class FieldMapping(StrictModel):
    """Where the server expects and says what; the defaults are those of `kedro leap serve`. None: it has no such thing.

    In `action` and `reset`, a value that is just a placeholder becomes what it stands for (numbers stay numbers), and
    placeholders inside longer texts are replaced.

    Attributes:
        action: The action that is sent; ``{action}`` stands for the student's.
        reset: The arguments of a reset; ``{split}``, ``{index}`` and ``{seed}`` stand for those of the task.
        secret: Name of the argument of a reset that takes the secret of `LEAP_OPENENV_SECRET`. It is sent only to ask
            for privileged facts, never while a student plays.
        text: Path of the text.
        admissible: Path of the list of actions that can be carried out.
        accepted: Path of whether the last action was executable.
        refusal: Regular expression that is found in the text if the last action was not executable.
        score: Path of the score, 0 to 1; None: the sum of the rewards, clipped to 0 to 1.
        parts: Path of parts of the score by name.
        id: Path of a task's id; None: made of split, seed and index.
        goal: Path of its goal; None: the first text.
        kind: Path of its type, for tables.
        privileged: Path of the privileged facts: a text, texts, texts by name, or fields of a `PrivilegedState`.
    """

    action: Annotated[dict[str, Any], AfterValidator(_with_action)] = Field(default={"text": "{action}"})
    reset: dict[str, Any] = Field(default={"split": "{split}", "index": "{index}", "seed": "{seed}"})
    secret: str | None = "secret"
    text: ObservationPath = "observation.text"
    admissible: ObservationPath | None = "observation.admissible"
    accepted: ObservationPath | None = "observation.accepted"
    refusal: Pattern | None = None
    score: ObservationPath | None = "observation.score"
    parts: ObservationPath | None = "observation.parts"
    id: Path | None = "state.task.id"
    goal: Path | None = "state.task.goal"
    kind: Path | None = "state.task.kind"
    privileged: Path | None = "state.privileged"


class OpenEnvOptions(StrictModel):
    """Options of an OpenEnv server as an environment. The secret for privileged facts is no option: see `errors`.

    Attributes:
        url: Address of the server.
        splits: Number of tasks by split; none: the server knows its splits, and the parameters say how many tasks.
        mapping: Where the server expects and says what.
        repeats: Whether the server has to answer in the same way if a task is played again, which is tried when tasks
            are prepared. If it need not, whether the teacher's action is executable cannot be tried: it is believed,
            and only the student's own actions are known to be refused. Realizability measures and replays of episodes
            fail. Privileged facts that the server tells without a secret have to be the same all the same, since they
            are asked for in a session of their own.
        probe: Actions with which it is tried where the server lists none.
        score_parts: Names of the parts of its scores, for reports.
        timeout: Seconds until an answer is given up.
        retries: Connections and resets that are tried again after one that broke.
    """

    url: Free[str] = Field(default="http://127.0.0.1:8000", pattern=r"^(https?|wss?)://[^/\s]+\S*$")
    splits: Mapping[str, PositiveInt] = {}
    mapping: FieldMapping = FieldMapping()
    repeats: bool = True
    probe: tuple[str, ...] = ("look",)
    score_parts: tuple[str, ...] = ()
    timeout: Free[float] = Field(default=60.0, gt=0)
    retries: Free[int] = Field(default=4, ge=0)
