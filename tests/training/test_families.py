"""Students of real families of chat models through the stages: trained, merged, played with held replies, served."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chat_families import FAMILIES, family_model, family_tokenizer

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.pipelines.vllm_server import ServingParameters, check_prompts
from leap_kedro.policies.admissible import ActionHold
from leap_kedro.policies.decoding import Generated, Prompts
from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.folder import load_model, load_tokenizer, save_policy
from leap_kedro.policies.generate import PlainGenerator
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.preflight import check_policy
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.vllm_process import ServingFailed
from leap_kedro.prompts.conversation import Conversation, conversation_at
from leap_kedro.prompts.messages import chat_messages
from leap_kedro.prompts.select import renderer_for
from leap_kedro.prompts.templates import templated_ids
from leap_kedro.records import Episode, Example, Target
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import packed_examples, rows_of
from leap_kedro.training.fine_tuning import fine_tune
from leap_kedro.training.parameters import FineTuning, LoraParameters

pytestmark = pytest.mark.slow

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
ENGINE = {"qwen3", "llama3", "mistral_v3", "smollm3"}
"""Families that the slot engine answers for; the others have a sliding window or another architecture."""
ADAPTER = FineTuning(
    max_steps=2,
    tokens_per_step=1200,
    optimizer="adamw",
    learning_rate=0.01,
    warmup_steps=1,
    lora=LoraParameters(rank=4, alpha=8),
)


@pytest.fixture(scope="module")
def shown() -> list[Example]:
    benchmark = make_benchmark(SPEC)
    made = demonstrations(benchmark, benchmark.tasks("train", 3, 8), "surfaces", max_actions=3, noise=0.0, seed=1)
    return [each.example() for each in made]


@pytest.fixture(scope="module", params=FAMILIES)
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shown: list[Example]) -> Path:
    """Folder of pi_0, trained by an adapter on random weights; its name is the family's."""
    name, folder = request.param, tmp_path_factory.mktemp("families")
    tokenizer = family_tokenizer(name, tuple(example.opening for example in shown))
    renderer = renderer_for(tokenizer, "alfworld")
    save_policy(family_model(name, tokenizer), tokenizer, folder / "base")
    check_policy(folder / "base", "alfworld")
    result = fine_tune(folder / "base", packed_examples(shown, renderer), ADAPTER, folder / "work", folder / name)
    assert (result.steps, result.dropped) == (ADAPTER.max_steps, 0)
    return folder / name


def logits(model: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(torch.arange(5, 60)[None]).logits


def test_merged_weights_answer_as_adapter_and_base_do(student: Path) -> None:
    import torch
    from peft import PeftModel

    base = load_model(student.parent / "base", dtype=torch.float32).eval()
    merged = logits(load_model(student, dtype=torch.float32).eval())
    before = logits(base)
    adapted = logits(PeftModel.from_pretrained(base, student / "adapter").eval())
    torch.testing.assert_close(merged, adapted, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(merged, before, atol=1e-3)


def played(folder: Path, patch: pytest.MonkeyPatch) -> tuple[list[Episode], dict[str, list[list[int]]], Any]:
    """Episodes, the prompt of each decision, and what decoded the replies, which were held from their first token."""
    prompts: dict[str, list[list[int]]] = defaultdict(list)
    policy = LocalPolicySpec(
        folder, "pi_0", max_new_tokens=60, hold_to_admissible=True, slots=3, environment="alfworld"
    ).load()
    generator = policy._generator
    group = type(generator)._group

    def recording(self: Any, conversations: Sequence[Conversation]) -> list[Generated]:
        for conversation in conversations:
            prompts[conversation.key].append([*self._prompts.trunk(conversation), *self._prompts.branch])
        return group(self, conversations)

    patch.setattr(type(generator), "_group", recording)
    patch.setattr(ActionHold, "start", lambda self: self._root)
    tasks = make_benchmark(SPEC).tasks("train", 3, seed=8)
    episodes = list(play(tasks, SPEC, policy, PlaySettings(max_actions=3, refused_limit=None, slots=3)))
    return episodes, prompts, generator


def test_rollout_training_and_server_have_the_same_prompts(student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    episodes, prompts, generator = played(student, monkeypatch)
    assert isinstance(generator, SlotEngine if student.name in ENGINE else PlainGenerator)
    assert isinstance(generator._prompts, Prompts)
    tokenizer = load_tokenizer(student)
    renderer = renderer_for(tokenizer, "alfworld")
    assert [episode.error for episode in episodes] == [""] * 3
    for episode in episodes:
        taught = [Target(step, "I look.", "look") for step in range(len(episode.steps))]
        for number, row in enumerate(rows_of(Example.of(episode, taught), renderer)):
            prompt = prompts[episode.id][number]
            assert list(row.ids[: row.weights.index(1.0)]) == prompt
            said = chat_messages(conversation_at(episode, number), renderer.rules, has_system=renderer.has_system)
            served = templated_ids(tokenizer, list(said))
            assert prompt[: len(served)] == served
            assert (prompt == served) == (student.name != "gpt_oss")
        for step in episode.steps:
            assert step.reply.strip() in step.admissible


def test_a_policy_is_served_where_a_server_builds_its_prompts(student: Path) -> None:
    policy = SavedPolicy("pi_0", 0, student)
    running = ServingParameters(base_url="http://127.0.0.1:1/v1")
    if student.name == "gpt_oss":
        with pytest.raises(ServingFailed, match="GPT-OSS family"):
            check_prompts(policy, ServingParameters(), "alfworld")
        return
    prompts = check_prompts(policy, ServingParameters(), "alfworld")
    assert prompts.has_system == (student.name != "mistral_v3")
    assert bool(prompts.template) == (student.name == "smollm3")
    if not prompts.template:
        assert check_prompts(policy, running, "alfworld") == prompts
        return
    with pytest.raises(ServingFailed, match=r"would write the present one.*Leave `base_url` out"):
        check_prompts(policy, running, "alfworld")
    tokenizer = load_tokenizer(student)
    said = [("system", "Act."), ("user", "Go.")]
    own = templated_ids(tokenizer, said)
    assert templated_ids(tokenizer, said, now=datetime(2030, 1, 1, tzinfo=UTC)) != own
    tokenizer.chat_template = prompts.template  # as a server reads it
    asked = [{"role": role, "content": text} for role, text in said]
    text = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True, enable_thinking=False)
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == own
