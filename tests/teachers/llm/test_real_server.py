"""A real, small language model as teacher: the path, not its wisdom."""

from pathlib import Path

import pytest
from language_models.real_server import MODEL
from teachers.llm.lessons import BENCHMARK, episodes, prompts

from leap_kedro.language_models import Access, LanguageModel, ModelParameters, Price
from leap_kedro.records import CorrectedEpisode
from leap_kedro.teachers.llm.prompts import View
from leap_kedro.teachers.llm.teacher import LLMTeacher

EPISODES = episodes(1, 2)[:1]


def taught(url: str, cache: Path, prices: dict[str, Price]) -> list[CorrectedEpisode]:
    parameters = ModelParameters(base_url=url, model=MODEL, max_tokens=60, concurrency=2, temperature=0.0)
    model = LanguageModel(parameters, Access(cache=cache, prices=prices))
    teacher = LLMTeacher(BENCHMARK, model, prompts(View.CAUSAL), 50, view=View.CAUSAL, max_unusable_share=1.0)
    return sorted(teacher.correct_all(EPISODES), key=lambda corrected: corrected.episode)


@pytest.mark.slow
def test_a_real_model_teaches(language_model_url: str, tmp_path: Path) -> None:
    first = taught(language_model_url, tmp_path, {})
    again = taught(language_model_url, tmp_path, {})
    assert {corrected.episode for corrected in first} == {episode.id for episode in EPISODES}
    for corrected, repeated in zip(first, again, strict=True):
        assert corrected.corrections or corrected.faults
        assert corrected.usage
        assert repeated.usage
        assert corrected.usage.calls >= 2
        assert corrected.usage.prompt_tokens > 300 * corrected.usage.calls
        assert corrected.usage.reply_tokens > 0
        assert corrected.usage.dollars is None  # a model without a price costs "unknown", and nothing fails
        kept = [fault for fault in corrected.faults if fault.rejection.value not in ("truncated", "refused")]
        if kept == list(corrected.faults):
            assert (repeated.usage.calls, repeated.usage.cached) == (0, corrected.usage.calls)
            assert repeated.corrections == corrected.corrections
    assert any(repeated.usage and repeated.usage.cached for repeated in again)
