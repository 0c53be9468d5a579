"""At which point a weak language model fails as a teacher: counts per stage, from the call to the useful correction.

    python benchmarks/weak_teacher.py ROLLOUTS [--episodes N] [--steps N] [--view episode|causal]
        [--structured json_schema|none] [--max-tokens N] [--context N] [--url URL --model NAME] [--replies FILE]

ROLLOUTS is data/02_episodes/EXPERIMENT/iter_K/rollouts.jsonl of ALFWorld. The teacher is the one of
`correction.teacher.kind=llm` with its prompts at 50 %; the model is SmolLM2-135M-Instruct behind llama.cpp, started
here, unless a URL is given. Half of the episodes were solved, half were not. With `--steps`, only the beginning of an
episode is corrected: to the causal view it is the same as in the whole episode. Ctrl-C prints the counts of finished
episodes.

A correction is right if its action is the oracle teacher's or brings the goal nearer. The same share is given for the
student's own actions and for a random admissible action at the same steps: a teacher below the student makes it worse.
"""

import argparse
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import jsonschema

from leap_kedro.datasets.prompts import read_prompts
from leap_kedro.datasets.records import read_records
from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.environments.alfworld.parameters import ALFWorldOptions
from leap_kedro.environments.registry import environment_instructions
from leap_kedro.language_models import Access, Completion, Finish, LanguageModel, ModelParameters
from leap_kedro.records import CorrectedEpisode, Correction, Episode, Exchange, Rejection, Verdict, encode
from leap_kedro.teachers.llm.prompts import TeacherPrompts, View
from leap_kedro.teachers.llm.replies import EPISODE_SCHEMA, STEP_SCHEMA, read_episode, read_step
from leap_kedro.teachers.llm.teacher import LLMTeacher
from leap_kedro.teachers.oracle import OracleTeacher
from leap_kedro.teachers.protocol import TeacherStopped
from leap_kedro.teachers.replay import replay

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from language_models.real_server import MODEL, real_server

BENCHMARK = ALFWorld(ALFWorldOptions())
PRIVILEGE = 50
EVERYTHING = 10**9


def _chosen(path: Path, count: int, steps: int) -> list[Episode]:
    """The first episodes, half of them solved, in turn, each up to a number of steps."""
    episodes: list[Episode] = read_records(path, Episode)
    solved = [episode for episode in episodes if episode.success]
    failed = [episode for episode in episodes if not episode.success and episode.steps]
    pairs = [episode for pair in zip(failed, solved, strict=False) for episode in pair]
    return [_beginning(episode, steps) for episode in pairs[:count]]


def _beginning(episode: Episode, steps: int) -> Episode:
    if len(episode.steps) <= steps:
        return episode
    return replace(episode, steps=episode.steps[:steps], final_observation=episode.steps[steps].observation)


def _read(exchange: Exchange, view: View, steps: int) -> tuple[bool, dict[int, bool]]:
    """Whether a reply has the form of the schema, and whether it changes each of the steps that it is about."""
    completion = Completion(exchange.reply, Finish(exchange.finish), 0, 0, None, cached=False)
    try:
        jsonschema.validate(json.loads(completion.answer), EPISODE_SCHEMA if view is View.EPISODE else STEP_SCHEMA)
        valid = True
    except (ValueError, jsonschema.ValidationError):
        valid = False
    if view is View.EPISODE:
        reading = read_episode(completion, range(steps), exchange.attempt)
    else:
        reading = read_step(completion, exchange.attempt, step=exchange.step or 0)
    return valid, {step: advice is not None for step, advice in reading.advice.items()}


class _Worth:
    """What actions are worth at each step of an episode."""

    def __init__(self, episode: Episode) -> None:
        oracle, environment = BENCHMARK.oracle(), BENCHMARK.environment()
        teacher = OracleTeacher(BENCHMARK, "surfaces", PRIVILEGE)
        self.oracles = [said.action for said in teacher.correct(episode).corrections]
        self._better: list[dict[str, bool]] = []
        for _, seen in replay(environment, episode):
            now = oracle.cost_to_go(environment)
            actions = list(seen.admissible or ())
            costs = oracle.lookahead(environment, actions)
            nearer = [now is not None and cost is not None and cost < now for cost in costs]
            self._better.append(dict(zip(actions, nearer, strict=True)))

    def right(self, step: int, action: str) -> bool:
        return action == self.oracles[step] or self._better[step].get(action, False)

    def chance(self, step: int) -> float:
        return fmean(self.right(step, action) for action in self._better[step])


def _count(
    corrected: CorrectedEpisode, episode: Episode, view: View, counts: Counter[str], at_random: list[float]
) -> None:
    usage = corrected.usage
    counts["calls"] += usage.calls + usage.cached if usage else 0
    counts["prompt tokens"] += sum(exchange.prompt_tokens for exchange in corrected.exchanges)
    counts["reply tokens"] += sum(exchange.reply_tokens for exchange in corrected.exchanges)
    counts["requests too long for the context"] += sum(
        fault.rejection is Rejection.NOT_TAKEN for fault in corrected.faults
    )
    advised: dict[int, bool] = {}
    for exchange in corrected.exchanges:
        valid, advice = _read(exchange, view, len(episode.steps))
        counts["replies cut off at the limit"] += exchange.finish == Finish.LENGTH
        counts["replies valid by the schema"] += valid
        counts["replies usable"] += bool(advice) or (valid and view is View.EPISODE)
        advised |= advice
    worth = _Worth(episode)
    counts["steps"] += len(episode.steps)
    counts["steps: the student's own action right"] += sum(
        worth.right(step, taken.action) for step, taken in enumerate(episode.steps)
    )
    at_random.extend(worth.chance(step) for step in range(len(episode.steps)))
    counts["steps kept by the teacher's word"] += sum(not changes for changes in advised.values())
    for correction in corrected.corrections:
        if advised.get(correction.step):
            _judge(correction, episode, worth, counts)


def _judge(correction: Correction, episode: Episode, worth: _Worth, counts: Counter[str]) -> None:
    counts["corrections given"] += 1
    if correction.rejection in (Rejection.EMPTY, Rejection.TOO_LONG):
        counts[f"corrections {correction.rejection.value}"] += 1
    elif correction.rejection is Rejection.NOT_EXECUTABLE:
        counts["corrections not executable"] += 1
    elif correction.rejection is Rejection.LEAKED:
        counts["corrections leaked"] += 1
    elif correction.accepted:
        own = episode.steps[correction.step].action
        counts["corrections accepted"] += 1
        counts["accepted: right"] += worth.right(correction.step, correction.action)
        if correction.verdict is Verdict.CORRECT:
            counts["accepted: another action than the student's"] += 1
            counts["accepted: another action, right"] += worth.right(correction.step, correction.action)
            counts["accepted: another action, where the student was right"] += worth.right(correction.step, own)


ROWS = (
    "calls",
    "prompt tokens",
    "reply tokens",
    "requests too long for the context",
    "replies cut off at the limit",
    "replies valid by the schema",
    "replies usable",
    "steps",
    "steps: the student's own action right",
    "steps kept by the teacher's word",
    "corrections given",
    "corrections empty",
    "corrections too_long",
    "corrections not executable",
    "corrections leaked",
    "corrections accepted",
    "accepted: right",
    "accepted: another action than the student's",
    "accepted: another action, right",
    "accepted: another action, where the student was right",
)


def _taught(teacher: LLMTeacher, episodes: Sequence[Episode]) -> Iterator[CorrectedEpisode]:
    try:
        yield from teacher.correct_all(episodes)
    except TeacherStopped as stopped:
        print(f"The teacher stopped: {stopped}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted: the counts are those so far", file=sys.stderr)


def main() -> None:
    """Let the model teach, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rollouts", type=Path)
    parser.add_argument("--episodes", type=int, default=24)
    parser.add_argument("--steps", type=int, default=EVERYTHING, help="of each episode")
    parser.add_argument("--view", type=View, choices=list(View), default=View.CAUSAL)
    parser.add_argument("--structured", choices=("json_schema", "none"), default="json_schema")
    parser.add_argument("--max-tokens", type=int, default=400)
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--url")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--replies", type=Path, help="file for the corrections with all prompts and replies")
    given = parser.parse_args()
    episodes = {episode.id: episode for episode in _chosen(given.rollouts, given.episodes, given.steps)}
    instructions = environment_instructions(BENCHMARK.name)
    prompts = TeacherPrompts(read_prompts([]), BENCHMARK.name, given.view, PRIVILEGE, instructions)
    server = contextlib.nullcontext(given.url) if given.url else real_server(context=given.context)
    counts: Counter[str] = Counter()
    at_random: list[float] = []
    began = time.monotonic()
    with server as url:
        parameters = ModelParameters(
            base_url=url,
            model=given.model,
            max_tokens=given.max_tokens,
            structured=given.structured,
            concurrency=2,
            timeout=600.0,
        )
        teacher = LLMTeacher(
            BENCHMARK,
            LanguageModel(parameters, Access()),
            prompts,
            PRIVILEGE,
            view=given.view,
            max_unusable_share=1.0,
            recorded_episodes=EVERYTHING,
        )
        for corrected in _taught(teacher, list(episodes.values())):
            _count(corrected, episodes[corrected.episode], given.view, counts, at_random)
            counts["episodes"] += 1
            if given.replies:
                with given.replies.open("a") as file:
                    file.write(encode(corrected) + "\n")
            print(f"{counts['episodes']} episodes, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{given.model}, view {given.view}, structured {given.structured}: {counts['episodes']} episodes")
    for name in ROWS:
        print(f"{counts[name]:>10}  {name}")
    if at_random:
        print(f"{100 * fmean(at_random):>9.1f}%  of random admissible actions are right at these steps")


if __name__ == "__main__":
    main()
