"""Hints at what a teacher knows, by privilege, in the environments whose hints name nothing."""

import pytest

from leap_kedro.environments.protocol import Decision, EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark


@pytest.mark.parametrize(
    ("environment", "privilege", "hint"),
    [
        ("intercode_bash", 25, ""),
        ("intercode_bash", 50, " What is asked for can be said in several ways."),
        ("intercode_bash", 75, " Perhaps that is what is meant."),
        ("webshop", 25, ""),
    ],
)
def test_a_hint_follows_the_reason(environment: str, privilege: int, hint: str) -> None:
    phrasing = make_benchmark(EnvironmentSpec(environment, {})).phrasing()
    assert (
        phrasing.hinted(Decision("I count the lines.", "wc -l < /a"), "count", privilege) == f"I count the lines.{hint}"
    )


def test_a_clause_comes_in_other_words() -> None:
    phrasing = make_benchmark(EnvironmentSpec("intercode_bash", {})).phrasing()
    told = {phrasing.varied("I do not know yet where plum.txt is.", str(seed)) for seed in range(20)}
    assert told == {"I do not know yet where plum.txt is.", "plum.txt has to be found first."}
