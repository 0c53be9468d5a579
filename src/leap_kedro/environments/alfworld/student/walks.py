"""Random walks through generated rooms: transcripts on which the embedded student's base model is trained.

The walks ignore the goal. Some visit the places in the order listed, so that "which place is next" has a non-trivial
answer. Half of the transcripts have a block of privileged facts, about which there are questions, too.
"""

import random
from collections.abc import Iterator, Sequence

from leap_kedro.environments.alfworld.student.notes import Notes, any_place, is_surface
from leap_kedro.environments.alfworld.student.questions import questions_about
from leap_kedro.environments.protocol import Benchmark, Environment, Oracle
from leap_kedro.environments.questions import Transcript
from leap_kedro.records import Task, Turn

_VERB_WEIGHTS = {"go": 6.0, "open": 5.0, "take": 4.0, "put": 3.0, "move": 3.0, "clean": 3.0, "heat": 3.0, "cool": 3.0}
_RARE_VERB_WEIGHT = 0.25
_REFUSED_SHARE = 0.06


def random_transcripts(
    benchmark: Benchmark, split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """One random walk of at most `longest` actions per task of a split, with `questions` after each observation."""
    environment, oracle = benchmark.environment(), benchmark.oracle()
    for task in benchmark.tasks(split, count, seed):
        yield _random_transcript(environment, oracle, task, longest, questions, random.Random(f"{seed}/{task.id}"))


def _random_transcript(
    environment: Environment, oracle: Oracle, task: Task, longest: int, asked: int, rng: random.Random
) -> Transcript:
    observation = environment.reset(task)
    privileged = _privileged_block(environment, oracle, rng) if rng.random() < 0.5 else ()
    opening = observation.text
    notes = Notes(opening, privileged)
    turns: list[Turn] = []
    questions = list(questions_about(notes, asked, 0, rng))
    sweep = rng.choice((0.0, 0.5, 0.8, 0.95))
    only_surfaces = rng.random() < 0.5
    for step in range(1, rng.randint(0, longest) + 1):
        action = _random_action(notes, observation.admissible or (), sweep, only_surfaces, rng)
        result = environment.step(action)
        observation = result.observation
        turns.append(Turn(action, observation.text))
        notes.observe(action, observation.text)
        questions += questions_about(notes, asked, step, rng)
        if result.done:
            break
    return Transcript(opening, tuple(turns), tuple(questions), " ".join(privileged))


def _privileged_block(environment: Environment, oracle: Oracle, rng: random.Random) -> tuple[str, ...]:
    facts = list(oracle.state(environment).facts)
    rng.shuffle(facts)
    return tuple(facts)


def _random_action(
    notes: Notes, admissible: Sequence[str], sweep: float, only_surfaces: bool, rng: random.Random
) -> str:
    if rng.random() < _REFUSED_SHARE:
        return f"{rng.choice(('go to', 'open', 'examine'))} {rng.choice(notes.memory.places)}"
    verbs: dict[str, list[str]] = {}
    for action in admissible:
        verbs.setdefault(action.split()[0], []).append(action)
    weights = [_VERB_WEIGHTS.get(verb, _RARE_VERB_WEIGHT) for verb in verbs]
    (verb,) = rng.choices(list(verbs), weights)
    if verb == "go" and rng.random() < sweep:
        following = next(notes.unvisited(is_surface if only_surfaces else any_place), None)
        if following and f"go to {following}" in verbs[verb]:
            return f"go to {following}"
    return rng.choice(verbs[verb])
