"""What an environment has, what that makes possible, and the rules of the protocol that it breaks.

    python -m leap_kedro.environments.check NAME [--split train] [--tasks 5] [--experts E ...] [--options JSON]

NAME is a registered environment or package.module:Class. The rules are in `rules.py`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from leap_kedro.environments.core import VERSION, Capability, capabilities
from leap_kedro.environments.protocol import Benchmark, EnvironmentSpec
from leap_kedro.environments.registry import REGISTERED, make_benchmark
from leap_kedro.environments.rules import Violation, check_environment
from leap_kedro.records import UserError

_MEANING = {
    Capability.PLAN: (
        "the oracle teacher, demonstrations by the planner, recoverability, the privileged upper bound",
        "correction.teacher.kind=llm, self or none; bootstrap.demonstrator=openai:MODEL, base or a file of episodes",
    ),
    Capability.EXPERTS: (
        "demonstrations with reasons, a prior for the oracle teacher, the baseline without privilege",
        "bootstrap.demonstrator=planner (with a plan), openai:MODEL, base or a file of episodes",
    ),
    Capability.PHRASING: ("hints by privilege level in the oracle's reasons", "reasons without hints"),
    Capability.VOCABULARY: ("an embedded student with its own words", "the words of random walks"),
    Capability.TRANSCRIPTS: ("a base model with its own questions", "questions about the transcripts themselves"),
}
_LISTED = (
    "replies held to the actions, executability by listing, the automatic student",
    "a language model as the student; executability by replay",
)


def table(benchmark: Benchmark, listed: bool) -> Iterator[str]:
    """One line per capability: whether the environment has it, and what that makes possible or what replaces it.

    Args:
        benchmark: The environment.
        listed: Whether it lists actions.
    """
    has = capabilities(benchmark)
    yield f"{benchmark.name}: protocol {VERSION}"
    rows = [("listed actions", listed, _LISTED), *((str(each), each in has, said) for each, said in _MEANING.items())]
    for name, there, (possible, instead) in rows:
        yield f"  {name:<15} {'yes' if there else 'no':<4} {possible if there else f'instead: {instead}'}"


def described(violation: Violation) -> str:
    """A violation with the steps that show it."""
    shown = f"{violation.rule}: {violation.detail}"
    if not violation.task:
        return shown
    steps = "".join(f", step({action!r})" for action in violation.actions)
    return f"{shown}\n    to see it: reset(task {violation.task!r}){steps}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check and print; 0 if no rule is broken, 1 if one is, 2 if the check could not run."""
    parser = argparse.ArgumentParser(description="Check that an environment follows the protocol.")
    parser.add_argument("name", help=f"one of {', '.join(REGISTERED)}, or package.module:Class")
    parser.add_argument("--split", default="train")
    parser.add_argument("--tasks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={}, help="options of the environment, as JSON")
    parser.add_argument("--experts", nargs="*", default=(), help="experts to check")
    given = parser.parse_args(arguments)
    sys.path += [path for path in (str(Path.cwd()), str(Path.cwd() / "src")) if path not in sys.path]
    try:
        benchmark = make_benchmark(EnvironmentSpec(given.name, given.options))
        found = check_environment(benchmark, given.split, given.tasks, given.seed, given.experts)
        (task,) = benchmark.tasks(given.split, 1, given.seed)
        listed = benchmark.environment().reset(task).admissible is not None
    except (UserError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(table(benchmark, listed)))
    print(f"{given.tasks} tasks of the split '{given.split}': {len(found)} violations")
    for each in found:
        print(f"  {described(each)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
