"""Transcripts with questions: answers stand on the pages, and nobody's advice is in them."""

from collections import Counter

from leap_kedro.embedded.base import reading_rows
from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.teaching.memory import Memory
from leap_kedro.environments.webshop.teaching.page_parser import Results, Shown
from leap_kedro.prompts.embedded import EmbeddedRenderer

BENCHMARK = WebShop(**{"products": 300})
TRANSCRIPTS = list(BENCHMARK.transcripts("base", 120, 8, 4, 7))


def test_the_same_seed_gives_the_same_transcripts_and_another_one_others() -> None:
    assert list(BENCHMARK.transcripts("base", 5, 8, 4, 7)) == TRANSCRIPTS[:5]
    assert list(BENCHMARK.transcripts("base", 5, 8, 4, 8)) != TRANSCRIPTS[:5]


def test_walks_see_all_kinds_of_pages_and_questions_of_all_kinds_are_asked() -> None:
    kinds = Counter(question.kind for transcript in TRANSCRIPTS for question in transcript.questions)
    of_pages = {"next", "next_after", "dear", "visited", "missing", "lacks", "wanted", "chosen", "says"}
    assert set(kinds) == {"wish", "spoken", "privileged", *of_pages}
    assert any(transcript.privileged for transcript in TRANSCRIPTS)
    assert not all(transcript.privileged for transcript in TRANSCRIPTS)
    assert not any("Thank you" in turn.observation for transcript in TRANSCRIPTS for turn in transcript.turns)


def test_answers_are_right_by_the_pages() -> None:
    checked = 0
    for transcript in TRANSCRIPTS:
        memory = Memory(transcript.opening, known_words=True)
        pages = [memory.page]
        for turn in transcript.turns:
            memory.observe(turn.action, turn.observation)
            pages.append(memory.page)
        for question in transcript.questions:
            page = pages[question.step]
            if question.kind == "dear" and isinstance(page, Results):
                (asked,) = [item for item in page.items if item.asin in question.text]
                price, limit = float(asked.price.strip("$")), memory.wish.limit
                assert question.answer == ("Yes." if price > limit else "No.")
                checked += 1
            if question.kind == "wanted" and isinstance(page, Shown):
                sold = {value for values in page.options.values() for value in values}
                left = [v for v in memory.wish.values if v in sold and v not in page.chosen]
                assert (question.answer == "nothing.") == (not left)
                assert question.answer == "nothing." or question.answer[:-1] in left
                checked += 1
    assert checked > 50


def test_the_embedded_student_can_read_questions_and_say_answers() -> None:
    renderer = EmbeddedRenderer(build_tokenizer(BENCHMARK.vocabulary(), 2048))
    unknown = renderer.tokenizer.unk_token_id
    for transcript in TRANSCRIPTS[:60]:
        for row, question in zip(reading_rows(transcript, renderer, 0.0), transcript.questions, strict=True):
            answer = [index for index, weight in zip(row.ids, row.weights, strict=True) if weight]
            assert unknown not in row.ids, question
            assert len(answer) > 1, question
