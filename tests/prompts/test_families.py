"""Prompts of real families of chat models, by the rules of their templates."""

from itertools import pairwise

import pytest
from chat_families import FAMILIES, PROMPTED, family_tokenizer

from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import chat_messages
from leap_kedro.prompts.renderer import trunk_ids
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS, THINKING, UnusableChatTemplate, templated, templated_ids
from leap_kedro.records import ParseStatus, Turn

OPENING = "You are in the middle of a room. Your task is to: put a mug in a drawer."
TURNS = (Turn("go to drawer 1", " The drawer 1 is closed. "), Turn("", "Nothing happens."), Turn("look", "A mug 2."))
LISTED = ("go to drawer 1", "look", "take mug 2 from drawer 1")
THINKERS = ("qwen3", "smollm3", "gpt_oss", *PROMPTED)
NAMES = (*FAMILIES, *PROMPTED)

RULES_IN_THE_FIRST_MESSAGE = "mistral_v3"
WRITTEN_BEFORE_AN_ANSWER = {"gpt_oss": "<|channel|>final<|message|>", "deepseek_r1": "\n</think>\n\n"}
"""What a family's model writes before every answer; without thoughts it is put into the prompt."""
ENDS = {"glm4": "<|user|>", "gemma3": "<end_of_turn>", "phi4_mini": "<|end|>", "gpt_oss": "<|return|>"}


def renderer(name: str, *, thinking: bool = False) -> ChatRenderer:
    tokenizer = family_tokenizer(name, (OPENING, *(turn.observation for turn in TURNS)))
    return ChatRenderer(tokenizer, "Actions: go to <place>", thinking=thinking)


def conversation(turns: int = len(TURNS)) -> Conversation:
    return Conversation("e", OPENING, TURNS[:turns], LISTED)


def reply(asked: ChatRenderer, text: str) -> list[int]:
    return list(asked.tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize(
    ("name", "thinking"), [*((name, False) for name in NAMES), *((name, True) for name in THINKERS)]
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
        prompt = [*trunks[-1], *asked.branch()]
        if written:
            assert asked.tokenizer.decode(prompt) == f"{asked.tokenizer.decode(served)}{written}"
        else:
            assert prompt == served
    for shorter, longer in pairwise(trunks):
        assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize("name", [name for name in NAMES if name != "deepseek_r1"])  # it drops empty thoughts
def test_a_trained_reply_is_how_the_template_ends_a_conversation(name: str) -> None:
    asked = renderer(name)
    said = [*chat_messages(conversation(), asked.rules, has_system=asked.has_system)]
    said.append(("assistant", "REASON: I need it.\nACTION: take mug 2 from drawer 1"))
    whole = templated(asked.tokenizer, [{"role": role, "content": text} for role, text in said])
    prompt = [*trunk_ids(asked, conversation()), *asked.branch()]
    ids = [*prompt, *asked.completion("I need it.", "take mug 2 from drawer 1", "")]
    expected = [*reply(asked, whole), asked.end_ids()[0]]  # that of GLM begins the next message
    assert expected[: len(ids)] == ids
    assert asked.tokenizer.decode(ids[-1:]) == ENDS.get(name, asked.tokenizer.eos_token)
    assert asked.parse(ids[len(prompt) :], LISTED, "").action == "take mug 2 from drawer 1"


@pytest.mark.parametrize("name", NAMES)
def test_an_observation_cannot_write_special_tokens(name: str) -> None:
    asked = renderer(name)
    special, family = {*asked.tokenizer.all_special_ids}, (FAMILIES | PROMPTED)[name]
    marks = " ".join((*family.special, *family.others))
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
    own = "" if asked.tokenizer.decode(asked.branch()).endswith("<think>\n") else "<think>\n"
    thoughts, end, last = ends.get(name, (f"{own}{thought}", "</think>\n\n", asked.tokenizer.eos_token))
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
    with pytest.raises(UnusableChatTemplate, match="no known marks of thoughts: set `max_thought_tokens` to 0"):
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
