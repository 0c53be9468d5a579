"""Random walks through generated file systems: transcripts on which the embedded student's base model is trained.

Templates, files, directories and words of the commands are drawn at random. Half of the transcripts have a block of
privileged facts.
"""

from collections.abc import Iterator
from random import Random

from leap_kedro.environments.intercode_bash.environment import InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.student.questions import questions_about
from leap_kedro.environments.intercode_bash.tasks.generated_trees import Made
from leap_kedro.environments.intercode_bash.tasks.generator import command_of, drawn
from leap_kedro.environments.intercode_bash.tasks.templates import TEMPLATES
from leap_kedro.environments.intercode_bash.teaching.memory import Memory
from leap_kedro.environments.intercode_bash.teaching.oracle import InterCodeBashOracle
from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.questions import Transcript
from leap_kedro.records import Turn

_LOOK = 0.5  # share of actions that look around, so that outputs contain paths
_LONGEST = 10  # as long as an episode
_ASKED = 2  # factor on the number of questions: outputs are long in comparison


def random_transcripts(
    benchmark: Benchmark, split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """One random walk per task of a split, of at most `longest` actions, and no longer than an episode."""
    oracle = InterCodeBashOracle()
    for number, task in enumerate(benchmark.tasks(split, count, seed)):
        environment = benchmark.environment()
        if not isinstance(environment, InterCodeBashEnvironment):
            raise TypeError(type(environment).__name__)
        rng = Random(f"{seed}/{number}/{task.id}")
        opening = environment.reset(task).text
        generated = environment.problem.generated
        if generated is None:
            raise ValueError(f"{task.id} is not a generated task")
        state = oracle.state(environment) if rng.random() < 0.5 else None
        gold = environment.problem.gold if state else ""
        memory = Memory(opening)
        turns: list[Turn] = []
        asked = list(questions_about(memory, gold, _ASKED * questions, 0, rng))
        for step in range(1, rng.randint(0, min(longest, _LONGEST)) + 1):
            action = _random_action(generated.made, memory, rng)
            shown = environment.step(action).observation.text
            turns.append(Turn(action, shown))
            memory.observe(action, shown)
            asked += questions_about(memory, gold, _ASKED * questions, step, rng)
        environment.close()
        yield Transcript(opening, tuple(turns), tuple(asked), " ".join(state.facts) if state else "")


def _random_action(made: Made, memory: Memory, rng: Random) -> str:
    file = memory.reading.file.rpartition("/")[2] if memory.reading else ""
    if rng.random() < _LOOK:
        folder = rng.choice([made.root, *made.folders])
        name = file if file and rng.random() < 0.5 else rng.choice(list(made.files)).rpartition("/")[2]
        looks = (f"find {made.root} -name {name}", f"ls {folder}", f"find {folder} -type f | sort", f"ls -R {folder}")
        return rng.choices(looks, (4, 2, 1, 1))[0]
    template = TEMPLATES[rng.choice(list(TEMPLATES))]
    fields = drawn(template, made, rng)
    return command_of(template, fields) if fields else f"ls {made.root}"
