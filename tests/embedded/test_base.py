"""The reader's lessons and its measure."""

from dataclasses import replace

import pytest
import torch

from leap_kedro.embedded.base import CURRICULUM, answer_accuracy, curriculum, reading_rows
from leap_kedro.embedded.shape import Shape, build_model
from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.training.collator import collate
from leap_kedro.training.logits import packed_loss
from leap_kedro.training.packing import pack

pytestmark = pytest.mark.slow

BENCHMARK = make_benchmark(EnvironmentSpec("alfworld", {}))
RENDERER = EmbeddedRenderer(build_tokenizer(BENCHMARK.vocabulary(), 2048))


def test_the_curriculum_goes_from_short_walks_to_long_ones_and_half_carry_privileged_facts() -> None:
    transcripts = list(curriculum(BENCHMARK, 100, seed=0))
    assert len(transcripts) == 100
    first = round(100 * CURRICULUM[0].share)
    assert max(len(transcript.turns) for transcript in transcripts[:first]) <= CURRICULUM[0].longest
    assert max(len(transcript.turns) for transcript in transcripts[-30:]) > CURRICULUM[1].longest
    assert 30 < sum(bool(transcript.privileged) for transcript in transcripts) < 70


def test_a_question_branches_where_it_is_asked_and_its_answer_is_learnt() -> None:
    transcript = next(t for t in curriculum(BENCHMARK, 40, seed=1) if len(t.turns) > 3)
    *asked, whole = reading_rows(transcript, RENDERER, trunk_weight=0.2)
    assert whole.weights == (0.0,) + (0.2,) * (len(whole.ids) - 1)
    for row, question in zip(asked, transcript.questions, strict=True):
        history = RENDERER.opening(transcript.opening, transcript.privileged)
        seen = transcript.opening
        for turn in transcript.turns[: question.step]:
            history += RENDERER.turn(turn, seen)
            seen = turn.observation
        answer = RENDERER.answer(question.answer, seen)
        assert list(row.ids) == history + RENDERER.question(question.text, seen) + answer
        assert row.weights == (0.0,) * (len(row.ids) - len(answer)) + (1.0,) * len(answer)


def test_accuracy_rises_to_one_on_what_was_learnt_by_heart() -> None:
    model = build_model(RENDERER.tokenizer, Shape(hidden_size=64, layers=2, intermediate_size=128), seed=0)
    transcripts = list(BENCHMARK.transcripts("base", 3, 2, 2, seed=0))
    before = answer_accuracy(model, RENDERER, transcripts)["all"]
    batch = collate([pack(reading_rows(transcript, RENDERER, 0.0)) for transcript in transcripts])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    for _ in range(120):
        optimizer.zero_grad()
        (packed_loss(model, batch) / batch["weights"].sum()).backward()
        optimizer.step()
    assert before < 0.5
    silent = replace(transcripts[0], questions=())
    assert answer_accuracy(model, RENDERER, [*transcripts, silent])["all"] == 1.0
