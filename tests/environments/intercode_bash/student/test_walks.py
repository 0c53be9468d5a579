"""Transcripts with questions: answers stand in the transcript, and nobody's advice is in them."""

import re
from collections import Counter

import pytest

from leap_kedro.embedded.base import reading_rows
from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.intercode_bash.benchmark import InterCodeBash
from leap_kedro.environments.questions import Transcript
from leap_kedro.prompts.embedded import EmbeddedRenderer

pytest.importorskip("bashkit", reason="bashkit is not installed: pip install bashkit")


@pytest.fixture(scope="module")
def transcripts() -> list[Transcript]:
    return list(InterCodeBash().transcripts("base", 60, 30, 3, 7))


def test_the_same_seed_gives_the_same_transcripts(transcripts: list[Transcript]) -> None:
    assert list(InterCodeBash().transcripts("base", 3, 30, 3, 7)) == transcripts[:3]


def test_answers_stand_in_what_was_read(transcripts: list[Transcript]) -> None:
    kinds: Counter[str] = Counter()
    for transcript in transcripts:
        assert len(transcript.turns) <= 10
        for question in transcript.questions:
            kinds[question.kind] += 1
            turns = transcript.turns[: question.step]
            seen = " ".join([transcript.opening, *(turn.observation for turn in turns)])
            read = " ".join([transcript.privileged, seen, *(turn.action for turn in turns)])
            answer = question.answer.removesuffix(".")
            if question.kind == "where":
                name = question.text.removeprefix("Where is ").removesuffix("?")
                _, said, folder = answer.partition(f"{name} is in ")
                shown = re.search(rf"{re.escape(folder)}/{re.escape(name)}(?!\w)", seen)
                assert bool(shown) == bool(said), (question, seen)
            elif answer not in ("None", "nothing"):
                assert answer in read, (question, read)
    assert {"where", "file", "folder", "word", "ran", "first_line", "privileged"} <= set(kinds)


def test_they_are_read_without_an_unknown_token(transcripts: list[Transcript]) -> None:
    renderer = EmbeddedRenderer(build_tokenizer(InterCodeBash().vocabulary(), 2048))
    unknown = renderer.tokenizer.unk_token_id
    for transcript in transcripts:
        for row in reading_rows(transcript, renderer, 0.2):
            assert unknown not in row.ids
