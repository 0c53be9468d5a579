"""Questions about random walks: every answer stands in the text."""

import re

import pytest

from leap_kedro.environments.alfworld.teaching.text_parser import kind_of, parse_opening
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.questions import Question, Transcript
from leap_kedro.environments.registry import make_benchmark

BENCHMARK = make_benchmark(EnvironmentSpec("alfworld", {}))
TRANSCRIPTS = list(BENCHMARK.transcripts("base", 60, longest=12, questions=4, seed=3))


def asked(kind: str) -> list[tuple[Transcript, Question]]:
    return [(t, question) for t in TRANSCRIPTS for question in t.questions if question.kind == kind]


def text_before(transcript: Transcript, question: Question) -> str:
    seen = [part for turn in transcript.turns[: question.step] for part in (turn.action, turn.observation)]
    return "\n".join([transcript.privileged, transcript.opening, *seen])


def test_a_walk_is_the_same_for_the_same_seed_and_differs_for_another() -> None:
    assert list(BENCHMARK.transcripts("base", 3, 12, 4, seed=3)) == TRANSCRIPTS[:3]
    assert list(BENCHMARK.transcripts("base", 3, 12, 4, seed=4)) != TRANSCRIPTS[:3]


def test_every_entity_of_an_answer_was_shown_before_it() -> None:
    for transcript in TRANSCRIPTS:
        for question in transcript.questions:
            shown = text_before(transcript, question)
            assert all(name in shown for name in re.findall(r"[a-z]+ \d+", question.answer)), question


def test_a_need_is_answered_by_what_is_here_or_was_seen_or_was_told() -> None:
    answers = []
    for transcript, question in asked("need"):
        kind = question.text.removeprefix("I need a ").removesuffix(".")
        shown = text_before(transcript, question)
        if question.answer == "Nowhere.":
            assert not re.search(rf"you see [^.]*\b{kind} \d", shown.partition("Your task is to")[2])
        else:
            thing = re.search(r"[a-z]+ \d+", question.answer)
            assert thing is not None
            assert kind_of(thing[0]) == kind
        if " is in " in question.answer:
            assert question.answer in transcript.privileged
        marks = {" is here": "here", "I saw": "seen", " is in ": "told", "Nowhere": "nowhere", "I have": "held"}
        answers.append(next(name for mark, name in marks.items() if mark in question.answer))
    assert all(answers.count(answer) > 0.05 * len(answers) for answer in ("here", "seen", "told", "nowhere"))


@pytest.mark.parametrize("kind", ["next_place", "next_surface", "next_container", "next_of_kind"])
def test_the_next_place_is_listed_and_was_not_described_yet(kind: str) -> None:
    for transcript, question in asked(kind):
        if question.answer != "None.":
            place = question.answer.removeprefix("Next is ").removesuffix(".")
            assert place in parse_opening(transcript.opening).places
            seen = "\n".join(turn.observation for turn in transcript.turns[: question.step])
            assert f"On the {place}," not in seen
            assert f"The {place} is" not in seen


def test_privileged_facts_are_asked_about_only_where_they_are_shown() -> None:
    questions = asked("privileged")
    assert questions
    for transcript, question in questions:
        thing = question.text.removeprefix("Where is ").removesuffix("?")
        assert f"{thing} is in {question.answer}" in transcript.privileged


def test_walks_win_next_to_nothing() -> None:
    environment = BENCHMARK.environment()
    won = 0
    for task, transcript in zip(BENCHMARK.tasks("base", 60, 3), TRANSCRIPTS, strict=True):
        environment.reset(task)
        won += any(environment.step(turn.action).done for turn in transcript.turns)
    assert won <= 3
