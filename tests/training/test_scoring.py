"""Scores of replies against the definition: one row a reply, token by token."""

from dataclasses import replace
from pathlib import Path

import pytest

from leap_kedro.environments.alfworld.benchmark import ALFWorld
from leap_kedro.policies.folder import PolicyFolderError
from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import Example
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import rows_of
from leap_kedro.training.packing import Row, pack
from leap_kedro.training.scoring import score_replies, score_rows


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    benchmark = ALFWorld(**{"source": "generated"})
    tasks = benchmark.tasks("train", 3, 0)
    played = demonstrations(benchmark, tasks, "surfaces", max_actions=5, noise=0.3, seed=0)
    return [demonstration.example() for demonstration in played]


def test_a_score_is_the_sum_over_the_tokens_of_the_reply(tiny_base: Path, examples: list[Example]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    renderer = renderer_for(AutoTokenizer.from_pretrained(tiny_base))
    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    scores = iter(score_replies(tiny_base, examples))
    for example in examples:
        for target, row in zip(example.targets, rows_of(example, renderer), strict=True):
            score = next(scores)
            assert (score.episode, score.step) == (example.episode, target.step)
            with torch.inference_mode():
                logprobs = model(torch.tensor([row.ids])).logits[0].log_softmax(-1)
            replied = [place for place, weight in enumerate(row.weights) if weight]
            expected = sum(float(logprobs[place - 1, row.ids[place]]) for place in replied)
            assert score.logprob == pytest.approx(expected, abs=1e-3)
    assert next(scores, None) is None


def test_what_the_policy_would_say_itself_is_greedy_and_nothing_else(tiny_base: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_base).eval()
    prompt = (2, 40, 41, 42, 5)
    with torch.inference_mode():
        said = model.generate(torch.tensor([prompt]), do_sample=False, min_new_tokens=4, max_new_tokens=4)
    reply = tuple(said[0, 5:].tolist())
    other = (*reply[:3], (reply[3] + 1) % 50)
    (found,) = score_rows(model, [pack([Row((*prompt, *each), (0.0,) * 5 + (1.0,) * 4) for each in (reply, other)])])
    assert [greedy for _, greedy in found] == [True, False]
    assert found[0][0] > found[1][0]


def test_an_episode_without_a_reply_has_no_score(tiny_base: Path, examples: list[Example]) -> None:
    silent = replace(examples[0], targets=())
    assert score_replies(tiny_base, [silent, silent]) == []
    assert score_replies(tiny_base, [silent, *examples]) == score_replies(tiny_base, examples)


def test_a_folder_without_a_policy_is_refused_by_name(tmp_path: Path, examples: list[Example]) -> None:
    with pytest.raises(PolicyFolderError, match=str(tmp_path)):
        score_replies(tmp_path, examples)
    assert score_replies(tmp_path, []) == []
