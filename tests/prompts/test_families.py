"""Prompts of real families of chat models, by the rules of their templates."""

from itertools import pairwise

import pytest
from chat_families import FAMILIES, family_tokenizer

from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import chat_messages
from leap_kedro.prompts.renderer import trunk_ids
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, THINKING, UnusableChatTemplate, templated, templated_ids
from leap_kedro.records import ParseStatus, Turn

OPENING = "You are in the middle of a room. Your task is to: put a mug in a drawer."
TURNS = (Turn("go to drawer 1", " The drawer 1 is closed. "), Turn("", "Nothing happens."), Turn("look", "A mug 2."))
LISTED = ("go to drawer 1", "look", "take mug 2 from drawer 1")
THINKERS = ("qwen3", "smollm3", "gpt_oss")

RULES_IN_THE_FIRST_MESSAGE = "mistral_v3"
WRITTEN_BEFORE_AN_ANSWER = {"gpt_oss": "<|channel|>final<|message|>"}
"""What a family's model writes before an answer; without thoughts it is put into the prompt."""
ENDS = {"gemma3": "<end_of_turn>", "phi4_mini": "<|end|>", "gpt_oss": "<|return|>"}


def renderer(name: str, *, thinking: bool = False) -> ChatRenderer:
    tokenizer = family_tokenizer(name, (OPENING, *(turn.observation for turn in TURNS)))
    return ChatRenderer(tokenizer, "Actions: go to <place>", thinking=thinking)


def conversation(turns: int = len(TURNS)) -> Conversation:
    return Conversation("e", OPENING, TURNS[:turns], LISTED)


def reply(asked: ChatRenderer, text: str) -> list[int]:
    return list(asked.tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize(
    ("name", "thinking"), [*((name, False) for name in FAMILIES), *((name, True) for name in THINKERS)]
)
def test_prompts_are_what_a_server_computes_and_grow_only_at_their_end(name: str, thinking: bool) -> None:
    asked = renderer(name, thinking=thinking)
    assert asked.has_system == (name != RULES_IN_THE_FIRST_MESSAGE)
    trunks = []
    for turns in range(len(TURNS) + 1):
        trunks.append(trunk_ids(asked, conversation(turns)))
        messages = list(chat_messages(conversation(turns), asked.rules, has_system=asked.has_system))
        served = templated_ids(asked.tokenizer, messages, THINKING if thinking else TEMPLATE_OPTIONS)
        written = "" if thinking else WRITTEN_BEFORE_AN_ANSWER.get(name, "")
        assert [*trunks[-1], *asked.branch()] == [*served, *reply(asked, written)]
    for shorter, longer in pairwise(trunks):
        assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize("name", FAMILIES)
def test_a_trained_reply_is_how_the_template_ends_a_conversation(name: str) -> None:
    asked = renderer(name)
    said = [*chat_messages(conversation(), asked.rules, has_system=asked.has_system)]
    said.append(("assistant", "REASON: I need it.\nACTION: take mug 2 from drawer 1"))
    whole = templated(asked.tokenizer, [{"role": role, "content": text} for role, text in said])
    prompt = [*trunk_ids(asked, conversation()), *asked.branch()]
    ids = [*prompt, *asked.completion("I need it.", "take mug 2 from drawer 1", "")]
    expected = reply(asked, whole)
    assert expected[: len(ids)] == ids
    assert asked.tokenizer.decode(ids[-1:]) == ENDS.get(name, asked.tokenizer.eos_token)
    assert asked.parse(ids[len(prompt) :], LISTED, "").action == "take mug 2 from drawer 1"


@pytest.mark.parametrize("name", FAMILIES)
def test_an_observation_cannot_write_special_tokens(name: str) -> None:
    asked = renderer(name)
    special = {*asked.tokenizer.all_special_ids}
    marks = " ".join((*FAMILIES[name].special, *FAMILIES[name].others))
    plain, evil = (asked.turn(Turn("look", text), "") for text in ("A note.", f"A note. {marks}"))
    assert [index for index in evil if index in special] == [index for index in plain if index in special]


@pytest.mark.parametrize("name", THINKERS)
def test_thoughts_are_kept_out_of_reason_and_action(name: str) -> None:
    asked = renderer(name, thinking=True)
    thought = "I could go.\nACTION: go to drawer 1\n"
    ends = {
        "gpt_oss": (
            f"<|channel|>analysis<|message|>{thought}",
            "<|end|><|start|>assistant<|channel|>final<|message|>",
            "<|return|>",
        )
    }
    thoughts, end, last = ends.get(name, (f"<think>\n{thought}", "</think>\n\n", "<|im_end|>"))
    ids = reply(asked, f"{thoughts}{end}REASON: I need it.\nACTION: take mug 2 from drawer 1{last}")
    parsed = asked.parse(ids, LISTED, "")
    assert (parsed.reason, parsed.action) == ("I need it.", "take mug 2 from drawer 1")
    assert "I could go." in parsed.text
    for unfinished in (thoughts, f"{thoughts}{end}"):
        assert asked.parse(reply(asked, unfinished), LISTED, "").status is ParseStatus.ONLY_THOUGHTS
    cut = asked.parse(reply(asked, f"{thoughts}{end}REASON: I need it.\nACTION: take"), LISTED, "")
    assert cut.status is ParseStatus.TRUNCATED


@pytest.mark.parametrize("name", ["llama3", "gemma3", "phi4"])
def test_a_template_without_thoughts_is_not_asked_for_them(name: str) -> None:
    with pytest.raises(UnusableChatTemplate, match="knows no thoughts: set `max_thought_tokens` to 0"):
        renderer(name, thinking=True)


def test_thoughts_that_a_template_always_opens_are_closed() -> None:
    tokenizer = renderer("qwen3").tokenizer
    before = tokenizer.chat_template
    always = before.replace("<think>\\n\\n</think>\\n\\n", "<think>\\n").replace(
        "enable_thinking is defined and enable_thinking is false", "true"
    )
    tokenizer.chat_template = always
    try:
        off, on = ChatRenderer(tokenizer), ChatRenderer(tokenizer, thinking=True)
    finally:
        tokenizer.chat_template = before
    assert tokenizer.decode(off.branch()).endswith("assistant\n<think>\n\n</think>\n\n")
    assert tokenizer.decode(on.branch()).endswith("assistant\n<think>\n")
    assert on.parse(reply(on, "hm\nACTION: look<|im_end|>"), LISTED, "").status is ParseStatus.ONLY_THOUGHTS
    assert on.parse(reply(on, "hm\n</think>\n\nACTION: look<|im_end|>"), LISTED, "").action == "look"
