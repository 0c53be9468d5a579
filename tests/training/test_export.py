"""Examples as rows of chat messages."""

from collections.abc import Iterator

import pytest
from chat_tokenizers import CHATML, LLAMA_3, chat_tokenizer

from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.records import Example, OwnReply, Target, Turn
from leap_kedro.training.examples import rows_of
from leap_kedro.training.export import ReplyRow, reply_rows

TURNS = (Turn("go to desk 1", "On the desk 1, you see a mug 2."), Turn("", "Nothing happens."), Turn("look", "A room."))
EXAMPLE = Example(
    episode="1/t/0",
    iteration=1,
    environment="alfworld",
    opening="You are in a room. Your task is to: find a mug.",
    turns=TURNS,
    targets=(
        Target(0, "I need a mug.", "go to desk 1", rejected=OwnReply("Hm.", "look")),
        Target(1, "It is here.", "take mug 2 from desk 1", rejected=OwnReply("It is here.", "take mug 2 from desk 1")),
        Target(2, "It is here.", "take mug 2 from desk 1"),
    ),
)
HIDDEN = "mug 2 is on desk 1."


def rows() -> Iterator[ReplyRow]:
    return reply_rows(EXAMPLE, "The rules.", HIDDEN)


def test_a_row_holds_the_conversation_up_to_its_decision_and_both_replies() -> None:
    first, second, third = rows()
    assert first["prompt"] == [
        {"role": "system", "content": "The rules."},
        {"role": "user", "content": EXAMPLE.opening},
    ]
    assert first["completion"] == first["chosen"]
    assert first["chosen"] == [{"role": "assistant", "content": "REASON: I need a mug.\nACTION: go to desk 1"}]
    assert first["rejected"] == [{"role": "assistant", "content": "REASON: Hm.\nACTION: look"}]
    assert first["privileged_context"] == HIDDEN
    assert second["prompt"] == [
        *first["prompt"],
        {"role": "assistant", "content": "ACTION: go to desk 1"},
        {"role": "user", "content": "On the desk 1, you see a mug 2."},
    ]
    assert third["prompt"][len(second["prompt"]) :][0] == {"role": "assistant", "content": "(no action)"}
    assert third["messages"] == [*third["prompt"], *third["completion"]]


def test_a_reply_is_rejected_only_where_it_is_another() -> None:
    assert [row["rejected"] == row["chosen"] for row in rows()] == [False, True, True]


@pytest.mark.parametrize("template", [CHATML, LLAMA_3], ids=["chatml", "llama3"])
def test_its_messages_have_the_token_ids_that_are_trained_on_here(template: str) -> None:
    tokenizer = chat_tokenizer(template, [EXAMPLE.opening])
    renderer = ChatRenderer(tokenizer)
    for made, trained in zip(reply_rows(EXAMPLE, renderer.rules, HIDDEN), rows_of(EXAMPLE, renderer), strict=True):
        whole = tokenizer.apply_chat_template(made["messages"], tokenize=False, date_string="26 Jul 2024")
        assert tuple(tokenizer(whole, add_special_tokens=False)["input_ids"])[: len(trained.ids)] == trained.ids
