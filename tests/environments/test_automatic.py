"""The vocabulary and the questions of random walks."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from environments.houses import Houses, SilentHouses
from environments.test_completed import completed

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.automatic import random_transcripts, vocabulary_of
from leap_kedro.environments.completed import Completed
from leap_kedro.environments.core import LacksCapability
from leap_kedro.environments.protocol import Observation, StepResult
from leap_kedro.environments.slots import UNKNOWN
from leap_kedro.prompts.slotted import SlotRenderer
from leap_kedro.records import Task


def test_words_that_recur_are_tokens_and_others_of_the_opening_are_slots() -> None:
    core = Houses()
    opening = "Find the treasure of {}. Something {} glitters. There are 4 boxes."
    names = ("Aldous", "Brunhild", "Cunegonde")

    class Named(Houses.house):  # type: ignore[name-defined, misc]
        def reset(self, task):  # type: ignore[no-untyped-def]
            seen = super().reset(task)
            number = task.payload["number"]
            name = names[number] if number < len(names) else f"Q{chr(97 + number % 26)}{chr(97 + number // 26)}ix"
            return type(seen)(opening.format(name, task.payload["box"]), seen.admissible)

    core.house = Named
    vocabulary = vocabulary_of(completed(core))
    assert {"treasure", "glitters", "red", "box", "open", "yes", "want"} <= set(vocabulary.phrases)
    assert not {name.lower() for name in names} & set(vocabulary.phrases)
    renderer = SlotRenderer(build_tokenizer(vocabulary, 512)).for_episode(opening.format("Aldous", "red"))
    shown = renderer.tokenizer.decode(renderer.opening(opening.format("Aldous", "red")))
    assert "treasure" in shown
    assert "<s0>" in shown
    assert "aldous" not in shown.lower()
    said = renderer.completion("I want to see Aldous.", "open the red box", "")
    assert renderer.parse(said, ("open the green box", "open the red box"), "").action == "open the red box"


def test_transcripts_are_reproducible_and_ask_about_themselves() -> None:
    made = list(random_transcripts(completed(Houses()), "base", 40, 6, 3, seed=1))
    assert made == list(random_transcripts(completed(Houses()), "base", 40, 6, 3, seed=1))
    assert len(made) == 40
    assert {question.kind for each in made for question in each.questions} == {
        "continue",
        "answered",
        "tried",
        "privileged",
    }
    for each in made:
        tried = {turn.action for turn in each.turns}
        for question in each.questions:
            done = {turn.action for turn in each.turns[: question.step]}
            if question.kind == "tried":
                assert question.answer == (
                    "yes." if question.text.removeprefix("was it tried: ")[:-1] in done else "no."
                )
            if question.kind == "answered":
                assert question.text[:-1] in tried
    assert {bool(each.privileged) for each in made} == {True, False}


def test_an_environment_that_lists_no_actions_has_no_automatic_vocabulary() -> None:
    with pytest.raises(LacksCapability, match=r"'silent_houses' lists no actions.*bootstrap\.base=FOLDER"):
        vocabulary_of(completed(SilentHouses()))


DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


class Safe:
    """A safe that opens after ten digits in the right order; random ones would not get far."""

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        return [
            Task(
                f"{split}/{n}",
                "safe",
                split,
                "open the safe",
                "safe",
                {"name": f"Mr{chr(97 + n // 10)}{chr(97 + n % 10)}"},
            )
            for n in range(count or 5)
        ]

    def environment(self) -> "Lock":
        return Lock()

    def privileged(self, task: Task) -> str:
        return ""


class PlannedSafe(Safe):
    """The same with a plan."""

    def plan(self, environment: "Lock") -> Sequence[str]:
        return [f"dial {digit}" for digit in DIGITS[environment.right :]]


class WantedSafe(Safe):
    """Its first observation has a digit that is different in each third task."""

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        found = super().tasks(split, count, seed)
        return [replace(task, payload={"name": f"number {DIGITS[n % 3]}"}) for n, task in enumerate(found)]


class Lock:
    right = 0

    def reset(self, task: Task) -> Observation:
        self.right = 0
        return self._seen(f"The safe of {task.payload['name']} has shelf 7.")

    def step(self, action: str) -> StepResult:
        self.right = self.right + 1 if action == f"dial {DIGITS[self.right]}" else 0
        done = self.right == len(DIGITS)
        return StepResult(self._seen("Gold glitters." if done else "It clicks."), float(done), done)

    def _seen(self, text: str) -> Observation:
        return Observation(text, ("knock on door 3", *(f"dial {digit}" for digit in DIGITS)))


@pytest.mark.parametrize(("safe", "opened"), [(Safe, False), (PlannedSafe, True)])
def test_walks_follow_the_plan(safe: type[Safe], opened: bool) -> None:
    vocabulary = vocabulary_of(Completed(safe(), "safe", "safe"))
    assert ("glitters" in vocabulary.phrases) is opened
    assert {"safe", "shelf", "clicks", "dial", "ten", UNKNOWN} <= set(vocabulary.phrases)


def test_numbered_entities_are_those_of_actions_and_rare_words_are_slots() -> None:
    vocabulary = vocabulary_of(Completed(Safe(), "safe", "safe"))
    assert vocabulary.entities == {"door": 3}
    assert not any(phrase.startswith("mr") for phrase in vocabulary.phrases)
    assert vocabulary.slots is not None


def test_words_of_actions_that_some_openings_have_are_slots_there() -> None:
    vocabulary = vocabulary_of(Completed(WantedSafe(), "safe", "safe"))
    assert vocabulary.slots is not None
    assert vocabulary.slots.varying == ("one", "three", "two")
    assert {"one", "two", "three", "dial"} <= set(vocabulary.phrases)
