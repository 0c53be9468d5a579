"""The reward of InterCode Bash, in its three parts (Yang et al. 2023, InterCode, section 3.3; the code of BashEnv).

    reward = 0.01 + file_diff + file_changes + answer_similarity

- file_diff = .33 (1 - erf(d)), where d is the number of changes that only one of the two runs made
- file_changes = .33 e/n, where n paths are new in both runs and e of them have equal contents; .33 if n = 0
- answer_similarity = .33 times the cosine of the tf-idf vectors of the two last outputs

Each part is rounded to two digits. The two runs are the agent's and that of the gold command.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from leap_kedro.environments.intercode_bash.engine.sandbox.protocol import Changes, Status

PARTS = ("file_diff", "file_changes", "answer_similarity")
_MOST = 0.33
_BASE = 0.01


class Quoting(StrEnum):
    """How a command is passed to bash."""

    SAFE = "safe"
    """Unchanged."""
    INTERCODE = "intercode"
    """As in the original, which encloses it in double quotes and splits it like a shell, so that inner quotes are lost.

    Other peculiarities of the original are included: it begins each episode with ``git clean``, which removes empty
    directories, and splits git's list of changes at spaces.
    """


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        output: Its last output; None if it could not be read.
        changes: The changes to the files.
        succeeded: Whether its last command ended by itself with exit code 0.
    """

    output: str | None
    changes: Changes
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward with its parts.

    Attributes:
        total: 0.01 to 1.
        parts: Each part by name, 0 to .33.
        missing: Changes that only the gold run made, as (path, letters of the change).
        extra: Changes that only the agent's run made.
    """

    total: float
    parts: Mapping[str, float]
    missing: tuple[tuple[str, str], ...]
    extra: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RewardRule:
    """How outcomes are compared.

    Attributes:
        quoting: With `INTERCODE`, changes are parsed as in the original.
        strict_dirs: Whether the contents of new directories are compared. The original's command for it is missing in
            its images: any two directories, and any two files without a full stop in their path, count as equal.
    """

    quoting: Quoting = Quoting.SAFE
    strict_dirs: bool = False

    def __call__(self, agent: Outcome, gold: Outcome) -> Reward:
        """The reward of an agent's outcome."""
        did, wanted = self._pairs(agent.changes), self._pairs(gold.changes)
        missing, extra = wanted - did, did - wanted
        both = sorted(path for path, status in did & wanted if status == Status.NEW)
        equal = sum(self._equal(path, agent.changes, gold.changes) for path in both)
        parts = {
            "file_diff": round(_MOST * (1 - math.erf(len(missing) + len(extra))), 2),
            "file_changes": round(_MOST * (equal / len(both)), 2) if both else _MOST,
            "answer_similarity": round(_MOST * similarity(agent.output, gold.output), 2),
        }
        total = _BASE
        for name in PARTS:
            total += parts[name]
        return Reward(total, parts, tuple(sorted(missing)), tuple(sorted(extra)))

    def _pairs(self, changes: Changes) -> set[tuple[str, str]]:
        if self.quoting is Quoting.SAFE:
            return {(path, status.value) for path, status in changes.files.items()}
        listed = sorted(changes.files.items(), key=lambda change: (change[1] is Status.NEW, change[0]))
        words = " ".join(f"{status} {_quoted(path)}" for path, status in listed).split()
        return set(zip(words[1::2], words[::2], strict=False))

    def _equal(self, path: str, agent: Changes, gold: Changes) -> bool:
        if not self.strict_dirs and (path.endswith("/") or "." not in path):
            return True
        return agent.digests.get(path) == gold.digests.get(path)


def similarity(one: str | None, other: str | None) -> float:
    """Cosine of the tf-idf vectors of two texts, 0 to 1; for texts without words, 1 if they are equal, else 0."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if one is None or other is None:
        return float(one == other)
    try:
        vectors = TfidfVectorizer().fit_transform([one, other])
    except ValueError:  # neither has a word
        return float(one == other)
    return float((vectors * vectors.T).toarray()[0][1])


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
