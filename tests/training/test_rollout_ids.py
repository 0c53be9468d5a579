"""What a policy is trained on are the token ids that it was given, and gave, in the rollout."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chat_tokenizers import CHATML, LLAMA_3, chat_tokenizer

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.policies import generate, weights
from leap_kedro.policies.attention import Span
from leap_kedro.policies.decoder import CachedDecoder
from leap_kedro.policies.decoding import Generated
from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.policies.speculative import SpeculativeReply
from leap_kedro.prompts.conversation import Conversation, conversation_at
from leap_kedro.prompts.messages import chat_messages
from leap_kedro.prompts.renderer import Renderer
from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import Episode, Example, ParseStatus, Target, Task, decode, encode
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import rows_of

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Setting:
    """Where the episodes are played, what the model is shown before, and a reply that it may be taught."""

    spec: EnvironmentSpec
    tasks: list[Task]
    shown: list[Example]
    reason: str
    action: str


def setting(spec: EnvironmentSpec, split: str, expert: str, reason: str, action: str) -> Setting:
    benchmark = make_benchmark(spec)
    tasks = benchmark.tasks(split, 3, seed=8)
    shown = [made.example() for made in demonstrations(benchmark, tasks, expert, max_actions=4, noise=0.0, seed=1)]
    return Setting(spec, tasks, shown, reason, action)


ALFWORLD = setting(EnvironmentSpec("alfworld", {"source": "generated"}), "train", "surfaces", "I need a mug.", "look")
WEBSHOP = setting(EnvironmentSpec("webshop", {"products": 60}), "train", "careful", "I look for mug.", "click[< prev]")


def embedded_tokenizer(where: Setting) -> Any:
    from leap_kedro.embedded.tokenizer import build_tokenizer

    return build_tokenizer(make_benchmark(where.spec).vocabulary(), 4096)


@dataclass(frozen=True)
class Decided:
    """Token ids of one decision, as the model was given them and gave them."""

    prompt: list[int]
    reply: list[int]


@dataclass(frozen=True)
class Rollout:
    """Episodes, and what the model saw of each, decision by decision."""

    where: Setting
    renderer: Renderer
    episodes: list[Episode]
    decided: dict[str, list[Decided]]


def save_taught_model(tokenizer: Any, where: Setting, folder: Path) -> None:
    """A tiny random Llama that was shown for a moment what a reply looks like, so that it gives some."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=4096, **shape))
    renderer = renderer_for(tokenizer, where.spec.name)
    rows = [row for example in where.shown for row in rows_of(example, renderer)][:8]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(64):
        row = rows[step % len(rows)]
        ids, learnt = torch.tensor([row.ids[-100:]]), torch.tensor([row.weights[-100:]]).bool()
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids.where(learnt, -100)).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def record_engine(patch: pytest.MonkeyPatch, decided: dict[str, list[Decided]]) -> None:
    """Record what the slot engine's model reads: the tokens of each slot, as they are written into the cache."""
    slots: dict[int, list[int]] = defaultdict(list)
    logits, copy, write = CachedDecoder.logits, CachedDecoder.copy, SlotEngine._write

    def recording_logits(self: CachedDecoder, spans: Sequence[Span]) -> Any:
        for span in spans:
            assert span.start <= len(slots[span.slot])
            slots[span.slot] = [*slots[span.slot][: span.start], *span.tokens]
        return logits(self, spans)

    def recording_copy(self: CachedDecoder, source: int, target: int, length: int) -> None:
        slots[target] = slots[source][:length]
        copy(self, source, target, length)

    def recording_write(self: SlotEngine, writings: Sequence[SpeculativeReply]) -> None:
        write(self, writings)
        for writing in writings:
            prompt = slots[writing._slot][: writing._prompt_tokens]
            decided[writing._key].append(Decided(prompt, list(writing.result().ids)))

    patch.setattr(CachedDecoder, "logits", recording_logits)
    patch.setattr(CachedDecoder, "copy", recording_copy)
    patch.setattr(SlotEngine, "_write", recording_write)


def record_generate(patch: pytest.MonkeyPatch, decided: dict[str, list[Decided]]) -> None:
    """Record what `generate` of transformers is given, for a model that the slot engine does not know."""
    from transformers import LlamaForCausalLM

    prompts: list[list[int]] = []
    generate_ids, group = LlamaForCausalLM.generate, generate.PlainGenerator._group

    def recording_generate(self: Any, input_ids: Any, attention_mask: Any, **options: Any) -> Any:
        prompts[:] = [row[read.bool()].tolist() for row, read in zip(input_ids, attention_mask, strict=True)]
        return generate_ids(self, input_ids=input_ids, attention_mask=attention_mask, **options)

    def recording_group(self: generate.PlainGenerator, conversations: Sequence[Conversation]) -> list[Generated]:
        replies = group(self, conversations)
        for conversation, prompt, reply in zip(conversations, prompts, replies, strict=True):
            decided[conversation.key].append(Decided(prompt, list(reply.ids)))
        return replies

    patch.setattr(weights, "is_supported", lambda config: False)
    patch.setattr(LlamaForCausalLM, "generate", recording_generate)
    patch.setattr(generate.PlainGenerator, "_group", recording_group)


@pytest.fixture(scope="module", params=["embedded", "embedded_webshop", "chatml", "llama3"])
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Setting]:
    """The folder of a model, and where it plays."""
    made = tmp_path_factory.mktemp(request.param)
    where = WEBSHOP if request.param.endswith("webshop") else ALFWORLD
    templates = {"chatml": CHATML, "llama3": LLAMA_3}
    if request.param in templates:
        tokenizer = chat_tokenizer(templates[request.param], [example.opening for example in where.shown])
    else:
        tokenizer = embedded_tokenizer(where)
    save_taught_model(tokenizer, where, made)
    return made, where


@pytest.fixture(scope="module", params=[record_engine, record_generate], ids=["engine", "generate"])
def rollout(request: pytest.FixtureRequest, student: tuple[Path, Setting]) -> Rollout:
    from transformers import AutoTokenizer

    folder, where = student
    decided: dict[str, list[Decided]] = defaultdict(list)
    with pytest.MonkeyPatch.context() as patch:
        request.param(patch, decided)
        spec = LocalPolicySpec(
            folder,
            "pi_0",
            temperature=0.5,
            max_new_tokens=60,
            hold_to_admissible=True,
            slots=2,
            environment=where.spec.name,
        )
        settings = PlaySettings(max_actions=12, refused_limit=None, slots=3)
        episodes = list(play(where.tasks, where.spec, spec.load(), settings))
    renderer = renderer_for(AutoTokenizer.from_pretrained(folder), where.spec.name)
    return Rollout(where, renderer, episodes, decided)


def written_and_read(example: Example) -> Example:
    return decode(Example, encode(example))


def test_training_prompts_are_those_of_the_rollout(rollout: Rollout) -> None:
    assert len(rollout.episodes) == len(rollout.where.tasks)
    for episode in rollout.episodes:
        taught = [Target(step, rollout.where.reason, rollout.where.action) for step in range(len(episode.steps))]
        rows = rows_of(written_and_read(Example.of(episode, taught)), rollout.renderer)
        assert len(rows) == len(episode.steps) == len(rollout.decided[episode.id])
        for row, seen in zip(rows, rollout.decided[episode.id], strict=True):
            assert list(row.ids[: len(seen.prompt)]) == seen.prompt


def test_the_reply_alone_is_learnt_to_its_end(rollout: Rollout) -> None:
    renderer = rollout.renderer
    for episode in rollout.episodes:
        reason, action = rollout.where.reason, rollout.where.action
        taught = [Target(step, reason, action, weight=0.5) for step in range(len(episode.steps))]
        rows = rows_of(Example.of(episode, taught), renderer)
        for row, target, seen in zip(rows, taught, rollout.decided[episode.id], strict=True):
            reply = row.ids[len(seen.prompt) :]
            assert row.weights == (0.0,) * len(seen.prompt) + (0.5,) * len(reply)
            assert [index in renderer.end_ids() for index in reply] == [False] * (len(reply) - 1) + [True]
            assert renderer.parse(reply, [action], "").reason.casefold() == target.reason.casefold()
            assert renderer.parse(reply, [action], "").action == target.action


def test_an_own_action_is_learnt_in_the_ids_that_the_policy_gave(rollout: Rollout) -> None:
    renderer, compared = rollout.renderer, 0
    for episode in rollout.episodes:
        own = [Target(number, step.reason, step.action) for number, step in enumerate(episode.steps)]
        rows = rows_of(Example.of(episode, own), renderer)
        for row, step, seen in zip(rows, episode.steps, rollout.decided[episode.id], strict=True):
            if step.parse_status is ParseStatus.OK:
                end = [*renderer.action_start(), *renderer.action_ids(step.action, step.observation)]
                assert list(row.ids[-len(end) :]) == end
                if step.action in (step.admissible or ()):  # words of its own a policy may write in any tokens
                    assert seen.reply[-len(end) :] == end
                assert renderer.parse(seen.reply, step.admissible, step.observation).action == step.action
                compared += 1
    assert compared >= 3


@pytest.mark.parametrize("student", ["chatml", "llama3"], indirect=True)
def test_chat_prompts_are_what_the_template_makes_of_the_messages(rollout: Rollout) -> None:
    tokenizer = rollout.renderer.tokenizer
    for episode in rollout.episodes:
        for step, seen in enumerate(rollout.decided[episode.id]):
            said = chat_messages(conversation_at(episode, step), rollout.renderer.rules)
            messages = [{"role": role, "content": content} for role, content in said]
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, date_string="26 Jul 2024"
            )
            assert tokenizer(text, add_special_tokens=False)["input_ids"] == seen.prompt
