"""Random walks through generated shops: transcripts on which the embedded student's base model is trained.

The walks ignore the goal except in their searches, most of which contain words of the wish, so that the following pages
are informative. Half of the transcripts have a block of privileged facts.
"""

from collections.abc import Iterator
from itertools import cycle, islice
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


def random_transcripts(
    benchmark: Benchmark, split: str, count: int, longest: int, questions: int, seed: int
) -> Iterator[Transcript]:
    """One random walk of at most `longest` actions per task of a split; tasks repeat until there are `count` walks.

    Pages are long, so `_QUESTIONS_A_PAGE` times as many questions are asked about each page: they cost little beside
    reading it.
    """
    environment, oracle = benchmark.environment(), benchmark.oracle()
    asked = questions * _QUESTIONS_A_PAGE
    for number, task in enumerate(islice(cycle(benchmark.tasks(split, count, seed)), count)):
        yield _random_transcript(environment, oracle, task, longest, asked, Random(f"{seed}/{number}/{task.id}"))


def _random_transcript(
    environment: Environment, oracle: Oracle, task: Task, longest: int, asked: int, rng: Random
) -> Transcript:
    observation = environment.reset(task)
    state = oracle.state(environment) if rng.random() < 0.5 else None
    title = state.essentials[1].split(" ", 1)[1].lower() if state and len(state.essentials) > 1 else ""
    opening = observation.text
    memory = Memory(opening, known_words=True)
    turns: list[Turn] = []
    questions = list(questions_about(memory, title, asked, 0, rng))
    for step in range(1, rng.randint(0, longest) + 1):
        action = _random_action(memory, observation, rng)
        observation = environment.step(action).observation
        turns.append(Turn(action, observation.text))
        memory.observe(action, observation.text)
        questions += questions_about(memory, title, asked, step, rng)
    return Transcript(opening, tuple(turns), tuple(questions), " ".join(state.facts) if state else "")


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
    """Words to search for; seldom the whole wish, which would put the best match on top of every list."""
    drawn = rng.random()
    if drawn < _ALL_OF_THE_WISH:
        return " ".join(memory.wish.phrases)
    if drawn < _ALL_OF_THE_WISH + _SOME_OF_THE_WISH:
        return " ".join(rng.sample(memory.wish.phrases, rng.randint(1, min(2, len(memory.wish.phrases)))))
    kind = rng.choice(KINDS)
    return " ".join([rng.choice(kind.looks), kind.noun])
