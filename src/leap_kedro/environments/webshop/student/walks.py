"""Random walks through generated shops: the transcripts that the embedded student's base learns to read.

The walks are goal-blind but for their searches, most of which say some of the wish, so that there is something to read
on the pages that follow. Half of the transcripts carry a block of privileged facts.
"""

from collections.abc import Iterator
from random import Random

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.environments.protocol import Benchmark, Environment, Observation, Oracle
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.student.questions import questions_about
from leap_kedro.environments.webshop.tasks.words import KINDS
from leap_kedro.environments.webshop.teaching.memory import Memory
from leap_kedro.environments.webshop.teaching.page_parser import Index, Results, Shown
from leap_kedro.records import Task, Turn

_ALL_OF_THE_WISH, _SOME_OF_THE_WISH = 0.3, 0.55
_WEIGHTS = {
    pages.BACK_TO_SEARCH: 0.1,
    pages.NEXT_PAGE: 2.0,
    pages.PREVIOUS: 1.5,
    pages.REVIEWS: 0.05,
    pages.DESCRIPTION: 2.0,
    pages.FEATURES: 2.0,
    pages.BUY: 0.0,
}
_QUESTIONS_A_PAGE = 3
_SEARCH_WEIGHT = 0.1  # beside the clicks of a page


def random_transcript(
    environment: Environment, oracle: Oracle, task: Task, longest: int, questions_a_step: int, seed: str
) -> Transcript:
    """A random walk through a shop with questions after each observation.

    Args:
        environment: Where it is walked.
        oracle: Source of the privileged block that half of the transcripts carry.
        task: The task whose shop is walked.
        longest: Highest number of actions.
        questions_a_step: Number of questions after each observation.
        seed: Seed of the walk and of the questions.
    """
    rng = Random(seed)
    observation = environment.reset(task)
    state = oracle.state(environment) if rng.random() < 0.5 else None
    told = state.essentials[1].split(" ", 1)[1].lower() if state and len(state.essentials) > 1 else ""
    opening = observation.text
    memory = Memory(opening, known_words=True)
    turns: list[Turn] = []
    questions = list(questions_about(memory, told, questions_a_step, 0, rng))
    for step in range(1, rng.randint(0, longest) + 1):
        action = _random_action(memory, observation, rng)
        observation = environment.step(action).observation
        turns.append(Turn(action, observation.text))
        memory.observe(action, observation.text)
        questions += questions_about(memory, told, questions_a_step, step, rng)
    return Transcript(opening, tuple(turns), tuple(questions), " ".join(state.facts) if state else "")


def random_transcripts(
    benchmark: Benchmark, split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """Transcripts of `count` tasks of a split, one random walk each; the arguments are those of `random_transcript`.

    A page is long, so `_QUESTIONS_A_PAGE` times as many are asked about each: they cost little beside reading it.
    """
    environment, oracle = benchmark.environment(), benchmark.oracle()
    asked = questions * _QUESTIONS_A_PAGE
    for number, task in enumerate(_repeated(benchmark.tasks(split, count, seed), count)):
        yield random_transcript(environment, oracle, task, longest, asked, f"{seed}/{number}/{task.id}")


def _repeated(tasks: list[Task], count: int) -> Iterator[Task]:
    return (tasks[number % len(tasks)] for number in range(count))


def _random_action(memory: Memory, observation: Observation, rng: Random) -> str:
    listed = observation.admissible or ()
    search = next((action for action in listed if is_open(action)), "")
    clicks = [action for action in listed if not is_open(action)]
    if isinstance(memory.page, Index) or rng.random() < _SEARCH_WEIGHT:
        return filled(search, _random_words(memory, rng))
    if isinstance(memory.page, Results) and memory.page.items and rng.random() < 0.7:
        return f"click[{rng.choice(memory.page.items).asin.lower()}]"
    if isinstance(memory.page, Shown) and memory.page.options and rng.random() < 0.4:
        values = [value for values in memory.page.options.values() for value in values]
        return f"click[{rng.choice([*values, *memory.wish.values])}]"
    weights = [_WEIGHTS.get(action[len("click[") : -1], 0.3) for action in clicks]
    return rng.choices(clicks, weights)[0] if any(weights) else filled(search, _random_words(memory, rng))


def _random_words(memory: Memory, rng: Random) -> str:
    """Words to search for: seldom all that is wished for, which would put what comes nearest on top of every list."""
    drawn = rng.random()
    if drawn < _ALL_OF_THE_WISH:
        return " ".join(memory.wish.phrases)
    if drawn < _ALL_OF_THE_WISH + _SOME_OF_THE_WISH:
        return " ".join(rng.sample(memory.wish.phrases, rng.randint(1, min(2, len(memory.wish.phrases)))))
    kind = rng.choice(KINDS)
    return " ".join([rng.choice(kind.looks), kind.noun])
