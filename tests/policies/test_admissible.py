"""What a held reply may go on with."""

import pytest
from chat_families import family_tokenizer
from chat_tokenizers import CHATML, LLAMA_3, chat_tokenizer

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.webshop.student.vocabulary import vocabulary
from leap_kedro.policies.admissible import ActionHold, ActionHolds, HoldState
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.renderer import Renderer

LISTED = ("click[buy now]", "click[< prev]", "search[<words>]")
EMBEDDED = EmbeddedRenderer(build_tokenizer(vocabulary(), 512))
RENDERERS = [
    EMBEDDED,
    *(
        ChatRenderer(chat_tokenizer(template, [*LISTED, "search[red mug]", "ACTION: search["]))
        for template in (CHATML, LLAMA_3)
    ),
]


def held(renderer: Renderer) -> tuple[ActionHold, HoldState]:
    """The hold right after the mark of an action."""
    hold = ActionHolds(renderer).of(Conversation("k", "opening", (), LISTED))
    assert hold is not None
    state = hold.start()
    assert hold.allowed(state) is None
    for token in renderer.action_start():
        state = hold.advance(state, token)
    return hold, state


@pytest.mark.parametrize("renderer", RENDERERS, ids=["embedded", "chatml", "llama3"])
def test_a_closed_action_is_forced_to_its_end(renderer: Renderer) -> None:
    hold, state = held(renderer)
    for token in renderer.action_ids("click[buy now]", "opening"):
        assert token in (hold.allowed(state) or ())
        state = hold.advance(state, token)
    assert hold.allowed(state) is None


@pytest.mark.parametrize("renderer", RENDERERS, ids=["embedded", "chatml", "llama3"])
def test_an_open_action_is_forced_to_its_words_and_then_free(renderer: Renderer) -> None:
    hold, state = held(renderer)
    assert hold.allowed(state) is not None
    begun = renderer.open_action_ids("search[<words>]", "opening")
    whole = renderer.action_ids("search[red mug]", "opening")
    assert 0 < len(begun) < len(whole)
    assert whole[: len(begun)] == begun
    for token in begun:
        assert token in (hold.allowed(state) or ())
        state = hold.advance(state, token)
    for token in whole[len(begun) :]:
        assert hold.allowed(state) is None
        state = hold.advance(state, token)


def test_without_a_list_there_is_no_hold() -> None:
    assert ActionHolds(EMBEDDED).of(Conversation("k", "opening", (), None)) is None


def test_an_action_in_thoughts_is_not_held() -> None:
    asked = ChatRenderer(family_tokenizer("qwen3", LISTED), thinking=True)
    hold = ActionHolds(asked).of(Conversation("k", "opening", (), LISTED))
    assert hold is not None
    mark, end = asked.action_start(), asked.thought_end()
    state = hold.start()
    for token in (*mark, 5, *end, *mark[:1], 5, *mark):
        assert hold.allowed(state) is None
        state = hold.advance(state, token)
    assert set(hold.allowed(state) or ()) >= {asked.action_ids("click[buy now]", "")[0]}
