"""The slot engine against the plain model."""

from dataclasses import replace

import pytest
import torch
from toys import toy_conversation, toy_model, toy_tokenizer

from leap_kedro.policies.attention import PaddedAttention, SlotwiseAttention, Span
from leap_kedro.policies.decoder import CachedDecoder
from leap_kedro.policies.decoding import Decoding, Generated
from leap_kedro.policies.engine import SlotEngine
from leap_kedro.policies.generate import PlainGenerator
from leap_kedro.policies.weights import extract_weights, is_supported
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.renderer import answer_start, trunk_ids

RENDERER = EmbeddedRenderer(toy_tokenizer())


def engine(slots: int = 8, **decoding: object) -> SlotEngine:
    return SlotEngine(toy_model(), RENDERER, Decoding(**{"max_new_tokens": 10, **decoding}), slots)


def plainly(conversation: Conversation, steps: int = 10) -> tuple[int, ...]:
    """Greedy decoding by whole forward passes."""
    ids = [*trunk_ids(RENDERER, conversation), *RENDERER.branch()]
    reply: list[int] = []
    while len(reply) < steps and (not reply or reply[-1] not in RENDERER.end_ids()):
        with torch.inference_mode():
            reply.append(int(toy_model()(torch.tensor([ids + reply])).logits[0, -1].argmax()))
    return tuple(reply)


def ids(generated: list[Generated]) -> list[tuple[int, ...]]:
    return [one.ids for one in generated]


def family(name: str, **sizes: object) -> torch.nn.Module:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    config = AutoConfig.for_model(
        name,
        **{
            "vocab_size": 90,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "intermediate_size": 48,
            "max_position_embeddings": 1024,
            "initializer_range": 0.3,
            **sizes,
        },
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.2)
    return model


@pytest.mark.parametrize("attention", [SlotwiseAttention, PaddedAttention])
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("llama", {}),
        ("llama", {"num_key_value_heads": 4, "tie_word_embeddings": True}),
        ("llama", {"attention_bias": True, "mlp_bias": True, "head_dim": 16}),
        ("llama", {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}}),
        ("mistral", {"sliding_window": None}),
        ("qwen2", {}),
        ("qwen3", {"head_dim": 16}),
        ("smollm3", {"num_hidden_layers": 4, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}),
    ],
)
def test_logits_agree_with_the_model(name: str, sizes: dict[str, object], attention: type) -> None:
    model = family(name, **sizes)
    assert is_supported(model.config)
    decoder = CachedDecoder(extract_weights(model), slots=4)
    decoder._attention = attention
    texts = [torch.randint(0, 90, (length,)).tolist() for length in (600, 7, 130)]
    decoder.logits([Span(2, 0, texts[0][:500], 1), Span(0, 0, texts[2][:129], 1)])
    decoder.logits([Span(0, 60, [1, 2, 3], 1)])
    found = decoder.logits([Span(2, 500, texts[0][500:], 4), Span(3, 0, texts[1], 1), Span(0, 60, texts[2][60:], 2)])
    with torch.inference_mode():
        wanted = [model(torch.tensor([text])).logits[0, -last:] for text, last in zip(texts, (4, 1, 2), strict=True)]
    torch.testing.assert_close(found, torch.cat(wanted), atol=3e-5, rtol=0)


def test_bfloat16_costs_no_more_accuracy_than_in_the_model() -> None:
    exact, model = family("llama"), family("llama").to(torch.bfloat16)
    decoder = CachedDecoder(extract_weights(model), slots=2)
    text = torch.randint(0, 90, (300,), generator=torch.Generator().manual_seed(0)).tolist()
    decoder.logits([Span(1, 0, text[:250], 1)])
    found = decoder.logits([Span(1, 250, text[250:], 50)])
    with torch.inference_mode():
        true, rounded = (each(torch.tensor([text])).logits[0, -50:].float() for each in (exact, model))
    assert float((found - true).norm()) < 1.2 * float((rounded - true).norm()) < 0.1 * float(true.norm())


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("gpt2", {}),
        ("mistral", {"sliding_window": 64}),
        ("llama", {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}}),
    ],
)
def test_other_architectures_are_left_to_generate(name: str, sizes: dict[str, object]) -> None:
    from transformers import AutoConfig

    assert not is_supported(AutoConfig.for_model(name, **sizes))


def test_episodes_that_grow_answer_as_whole_forward_passes_do() -> None:
    ours = engine(slots=4)
    for turns in range(6):
        asked = [toy_conversation(seed, turns + seed % 3) for seed in range(4)]
        assert ids(ours.generate(asked)) == [plainly(conversation) for conversation in asked]


def test_conversations_may_come_in_any_order_and_number() -> None:
    ours = engine(slots=3)
    first = [toy_conversation(seed, 4) for seed in range(7)]
    other = [toy_conversation(50, 3, key="episode 2"), toy_conversation(1, 2), toy_conversation(1, 2)]
    for asked in (first, other, first[::-1], other, [replace(first[0], key="a copy")]):
        assert ids(ours.generate(asked)) == [plainly(conversation) for conversation in asked]


def test_a_call_that_failed_leaves_no_wrong_tokens_in_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = engine(slots=1, logprobs=True)
    first, other = toy_conversation(3, 5), toy_conversation(4, 5, key="episode 3")
    (wanted,) = ours.generate([first])
    inner = ours._decoder.logits

    def breaks_down(spans: list[Span]) -> torch.Tensor:
        inner(spans)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(ours._decoder, "logits", breaks_down)
    with pytest.raises(RuntimeError, match="out of memory"):
        ours.generate([other])
    monkeypatch.setattr(ours._decoder, "logits", inner)
    (found,) = ours.generate([first])
    assert found.ids == wanted.ids
    assert found.logprob == pytest.approx(wanted.logprob, abs=1e-4)


def test_only_what_the_trunk_gained_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = engine(slots=2)
    encoded: list[int] = []
    inner = ours._decoder.logits
    monkeypatch.setattr(ours._decoder, "logits", lambda spans: (encoded.append(spans[0].start), inner(spans))[1])
    ours.generate([toy_conversation(3, 2)])
    encoded.clear()
    ours.generate([toy_conversation(3, 3)])
    assert encoded[0] == len(trunk_ids(RENDERER, toy_conversation(3, 2)))


def test_a_beginning_that_all_share_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = engine(slots=4)
    rules = "go to the box. " * 30
    asked = [replace(toy_conversation(seed, 1), opening=rules + ROOM) for seed, ROOM in enumerate(["room 1", "room 2"])]
    encoded: list[int] = []
    inner = ours._decoder.logits
    monkeypatch.setattr(
        ours._decoder,
        "logits",
        lambda spans: (encoded.extend(len(span.tokens) for span in spans), inner(spans))[1],
    )
    assert ids(ours.generate(asked)) == [plainly(conversation) for conversation in asked]
    assert sum(length > 100 for length in encoded) == 1


def test_drafts_save_forward_passes_where_replies_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = engine(slots=1, max_new_tokens=24)
    passes: list[int] = []
    inner = ours._decoder.logits
    monkeypatch.setattr(ours._decoder, "logits", lambda spans: (passes.append(1), inner(spans))[1])
    (first,) = ours.generate([toy_conversation(2, 1)])
    needed = len(passes)
    (again,) = ours.generate([toy_conversation(2, 1)])
    assert again == first
    assert len(passes) - needed <= 1 + len(first.ids) / 4


@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_replies_do_not_depend_on_the_batch(hold: bool, temperature: float) -> None:
    asked = [toy_conversation(seed, seed % 5) for seed in range(12)]
    settings = {"temperature": temperature, "hold_to_admissible": hold, "logprobs": True}
    together = engine(slots=12, **settings).generate(asked)
    alone = [engine(slots=1, **settings).generate([conversation])[0] for conversation in asked]
    repeated = engine(slots=5, **settings)
    repeated.generate(asked)
    assert ids(together) == ids(alone) == ids(repeated.generate(asked))
    assert [one.logprob for one in together] == pytest.approx([one.logprob for one in alone], abs=1e-4)


def test_sampling_follows_the_models_distribution() -> None:
    base = toy_conversation(0, 1)
    prompt = [*trunk_ids(RENDERER, base), *RENDERER.branch()]
    with torch.inference_mode():
        wanted = (toy_model()(torch.tensor([prompt])).logits[0, -1] / 2.0).softmax(-1)
    ours = engine(slots=64, temperature=2.0, max_new_tokens=1)
    drawn = ours.generate([replace(base, key=str(seed), seed=seed) for seed in range(2000)])
    shares = torch.bincount(torch.tensor([one.ids[0] for one in drawn]), minlength=len(wanted)) / 2000
    assert (shares - wanted).abs().max() < 0.04


def test_logprob_is_the_models_own() -> None:
    conversation = toy_conversation(4, 2)
    (reply,) = engine(logprobs=True, hold_to_admissible=True).generate([conversation])
    prompt = [*trunk_ids(RENDERER, conversation), *RENDERER.branch()]
    with torch.inference_mode():
        logits = toy_model()(torch.tensor([[*prompt, *reply.ids]])).logits[0, len(prompt) - 1 : -1]
    wanted = logits.log_softmax(-1).gather(1, torch.tensor(reply.ids)[:, None]).sum()
    assert reply.logprob == pytest.approx(float(wanted), abs=1e-4)
    assert reply.prompt_tokens == len(prompt)


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("kind", ["engine", "generate"])
def test_a_held_reply_has_a_listed_action(kind: str, temperature: float) -> None:
    decoding = Decoding(max_new_tokens=60, temperature=temperature, hold_to_admissible=True)
    ours = SlotEngine(toy_model(), RENDERER, decoding, 16) if kind == "engine" else None
    ours = ours or PlainGenerator(toy_model(), RENDERER, decoding)
    asked = [toy_conversation(seed, seed % 3) for seed in range(40)]
    marked = 0
    for conversation, reply in zip(asked, ours.generate(asked), strict=True):
        parsed = RENDERER.parse(reply.ids, conversation.admissible, conversation.seen)
        if RENDERER.action_start()[0] in reply.ids[:50]:
            marked += 1
            assert parsed.action in conversation.admissible
    assert marked > 5


@pytest.mark.parametrize("hold", [False, True])
def test_plain_generate_answers_the_same(hold: bool) -> None:
    decoding = Decoding(max_new_tokens=10, hold_to_admissible=hold, logprobs=True)
    asked = [toy_conversation(seed, seed % 4) for seed in range(6)]
    ours = SlotEngine(toy_model(), RENDERER, decoding, 6).generate(asked)
    plain = PlainGenerator(toy_model(), RENDERER, decoding).generate(asked)
    assert ids(ours) == ids(plain)
    assert [one.logprob for one in ours] == pytest.approx([one.logprob for one in plain], abs=1e-4)


@pytest.mark.parametrize("kind", [SlotEngine, PlainGenerator])
def test_thoughts_and_answer_have_limits_of_their_own(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [toy_conversation(seed, 1) for seed in range(12)]
    whole = [plainly(conversation, 12) for conversation in asked]
    end = whole[0][2:4]
    monkeypatch.setattr(RENDERER, "thought_end", lambda: end)
    decoding = Decoding(max_new_tokens=9, max_thought_tokens=6)
    found = ids(kind(toy_model(), RENDERER, decoding, 12).generate(asked))
    limits = [answer_start(reply[:6], end) + 3 if answer_start(reply[:6], end) else 6 for reply in whole]
    assert found == [reply[:limit] for reply, limit in zip(whole, limits, strict=True)]
    assert {6, 7} <= set(limits)


def test_a_model_that_reads_the_padding_answers_each_prompt_alone() -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    torch.manual_seed(0)
    size = {"vocab_size": len(toy_tokenizer()), "hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2}
    model = RwkvForCausalLM(RwkvConfig(**size, context_length=512)).eval()
    torch.nn.init.normal_(model.head.weight)  # far apart, as the toy Llama's
    asked = [toy_conversation(seed, seed % 4) for seed in range(4)]
    plain = PlainGenerator(model, RENDERER, Decoding(max_new_tokens=6))
    assert ids(plain.generate(asked)) == [ids(plain.generate([each]))[0] for each in asked]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_answers_the_same() -> None:
    asked = [toy_conversation(seed, seed % 4) for seed in range(6)]
    on_gpu = SlotEngine(toy_model().to("cuda"), RENDERER, Decoding(max_new_tokens=10), 6).generate(asked)
    toy_model().to("cpu")
    assert ids(on_gpu) == ids(engine().generate(asked))
