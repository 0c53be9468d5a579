"""Training of the embedded student's base model, which answers questions about transcripts.

`reading_rows` turns a transcript with questions into training data; `answer_accuracy` evaluates the model on held-out
transcripts. The curriculum begins with short walks and many questions, and continues with longer ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leap_kedro.environments.protocol import Benchmark
from leap_kedro.environments.questions import Transcript
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.renderer import observations, trunk_and_ends
from leap_kedro.training.packing import Row, pack


@dataclass(frozen=True, slots=True)
class Lesson:
    """A part of the curriculum.

    Attributes:
        share: Share of the transcripts.
        longest: Maximum number of actions in a walk.
        questions: Number of questions after each observation.
    """

    share: float
    longest: int
    questions: int


CURRICULUM = (Lesson(0.06, 1, 8), Lesson(0.3, 6, 3), Lesson(0.34, 16, 2), Lesson(0.3, 30, 2))


def lesson_counts(total: int) -> list[tuple[Lesson, int]]:
    """Number of transcripts of each lesson, in the order of the curriculum."""
    return [(lesson, max(1, round(total * lesson.share))) for lesson in CURRICULUM]


def curriculum(benchmark: Benchmark, total: int, seed: int) -> Iterator[Transcript]:
    """About `total` transcripts of the split ``base``, in the order of training."""
    for number, (lesson, count) in enumerate(lesson_counts(total), start=seed * len(CURRICULUM)):
        yield from benchmark.transcripts("base", count, lesson.longest, lesson.questions, number)


def reading_rows(transcript: Transcript, renderer: EmbeddedRenderer, trunk_weight: float) -> list[Row]:
    """One row per question, in order, with the loss on the answer, and one for the transcript if it has a weight.

    Args:
        transcript: The transcript.
        renderer: Converts it to token ids.
        trunk_weight: Weight of the next-token loss on the transcript; 0 for none.
    """
    renderer = renderer.for_episode(transcript.opening)
    trunk, ends = trunk_and_ends(renderer, transcript.opening, transcript.turns, transcript.privileged)
    seen = observations(transcript.opening, transcript.turns)
    rows = []
    for question in transcript.questions:
        prompt = (*trunk[: ends[question.step]], *renderer.question(question.text, seen[question.step]))
        answer = renderer.answer(question.answer, seen[question.step])
        rows.append(Row((*prompt, *answer), (0.0,) * len(prompt) + (1.0,) * len(answer)))
    if trunk_weight:
        rows.append(Row(tuple(trunk), (0.0,) + (trunk_weight,) * (len(trunk) - 1)))
    return rows


def answer_accuracy(
    model: Any, renderer: EmbeddedRenderer, transcripts: Sequence[Transcript], transcripts_a_batch: int = 8
) -> dict[str, float]:
    """Share of questions whose answer the model predicts exactly, by kind and as "all"."""
    import torch

    from leap_kedro.training.collator import collate
    from leap_kedro.training.logits import packed_logits

    right: dict[str, list[bool]] = defaultdict(list)
    asked = [transcript for transcript in transcripts if transcript.questions]
    order = sorted(asked, key=lambda transcript: len(transcript.turns))
    for start in range(0, len(order), transcripts_a_batch):
        group = order[start : start + transcripts_a_batch]
        batch = collate([pack(reading_rows(transcript, renderer, 0.0)) for transcript in group])
        with torch.inference_mode():
            hits = (packed_logits(model, batch).argmax(-1) == batch["targets"]).tolist()
        cursor = 0
        for transcript in group:
            seen = observations(transcript.opening, transcript.turns)
            for question in transcript.questions:
                length = len(renderer.answer(question.answer, seen[question.step]))
                right[question.kind].append(all(hits[cursor : cursor + length]))
                cursor += length
    shares = {kind: sum(values) / len(values) for kind, values in sorted(right.items())}
    return shares | {"all": sum(map(sum, right.values())) / max(1, sum(map(len, right.values())))}
