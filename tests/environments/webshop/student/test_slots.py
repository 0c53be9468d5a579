"""What the student with copy slots reads of official shops, and what it can say."""

from dataclasses import replace

import pytest

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.registry import environment_slots
from leap_kedro.policies.admissible import ActionHolds
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import observations, trunk_and_ends, trunk_ids
from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import Turn

RENDERER = renderer_for(build_tokenizer(environment_slots("webshop")[0], 2048), "webshop")
LIMIT = ", and price lower than 30.00 dollars"
WISH = f"Find me slim fit women's tops for work with color: dark blue, and size: x-large{LIMIT}"
QUERY = "search[slim fit women's tops for work dark blue x-large]"
HEADER = f"Instruction:\n{WISH}\n[button] Back to Search [button_]\n"
OPENING = f"WebShop\nInstruction: \n{WISH}\n[button] Search [button_]\n"


def results(first: str = "button") -> str:
    return (
        f"{HEADER}Page 1 (Total results: 14)\n[button] Next > [button_]\n"
        f"\n[{first}] B000000001 [{first}_]\nSlim Top, Women <s2> <buy>\n$19.95\n"
        "\n[button] B000000002 [button_]\nAcme Work Shoes\n$39.5\n"
    )


PRODUCT = (
    f"{HEADER}[button] < Prev [button_]\ncolor\n  [button] blue [button_]\n  [button] dark blue [button_]\n"
    "  [button] red [button_]\nsize\n  [button] x-large | wide [button_]\n  [button] small [button_]\n"
    "Slim Top, Women\nPrice: $19.95\nRating: N.A.\n[button] Description [button_]\n[button] Features [button_]\n"
    "[button] Reviews [button_]\n[button] Buy Now [button_]\n"
)
CHOSEN = f"You have clicked dark blue.\n{PRODUCT}".replace("[button] dark blue [button_]", "[clicked button] dark blue")
TEXT = f"{HEADER}[button] < Prev [button_]\n Sold for work.\n"
TURNS = (
    Turn(QUERY, results()),
    Turn("click[b000000001]", PRODUCT),
    Turn("click[dark blue]", CHOSEN),
    Turn("click[features]", TEXT),
    Turn("click[< prev]", PRODUCT),
    Turn("click[< prev]", results("clicked button")),
    Turn("click[b000000002]", "Thank you for shopping with us!\n"),
)
LISTED = ("click[back to search]", "click[buy now]", "click[dark blue]", "click[red]", "search[<words>]")


def text(ids: list[int]) -> str:
    return " ".join(RENDERER.tokenizer.convert_ids_to_tokens(ids))


def test_pages_are_what_they_share_with_the_instruction() -> None:
    ids, ends = trunk_and_ends(RENDERER, OPENING, TURNS)
    starts = [0, *ends]
    assert [text(ids[start:end]) for start, end in zip(starts, ends, strict=False)] == [
        "<bos> find <s0> fit <s1> <s2> for <s3> with color : <s4> <s5> , and size : <s6> <index>",
        "<act> search[ <all> ] <end> <results> <page1> <cheap> <new> <s0> <s2> <s1> <item1> "
        "<costly> <new> <s3> <item2> <more>",
        "<act> <item1> <end> <item> <cheap> <option> color : <stated> <s4> <s5> <value1> "
        "<option> size : <s6> <w> <value2>",
        "<act> <value1> <end> <ok> <s4> <s5>",
        "<act> <features> <end> <text> <s3>",
        "<act> <back> <end> <ok>",
        "<act> <back> <end> <shown> <seen> <item1> <more>",
        "<act> <item2> <end> <done>",
    ]


def test_the_prompt_of_a_decision_begins_with_that_of_the_one_before() -> None:
    whole = trunk_ids(RENDERER, Conversation("key", OPENING, TURNS))
    for count in range(len(TURNS)):
        part = trunk_ids(RENDERER, Conversation("key", OPENING, TURNS[:count]))
        assert whole[: len(part)] == part


@pytest.mark.parametrize("number", range(len(TURNS)))
def test_replies_are_read_back_in_words(number: int) -> None:
    its, before = RENDERER.for_episode(OPENING), observations(OPENING, TURNS)[number]
    ids = its.completion("I want dark blue.", TURNS[number].action, before)
    said = its.parse(ids, None, before)
    assert (said.reason, said.action) == ("i want dark blue.", TURNS[number].action)


def test_a_search_can_be_worded_freely() -> None:
    its = RENDERER.for_episode(OPENING)
    ids = its.completion("", "search[blue tops]", OPENING)
    assert text(ids) == "<act> search[ <s5> <s2> ] <end>"
    assert its.parse(ids, ["search[<words>]"], OPENING).action == "search[blue tops]"


def test_only_actions_with_tokens_are_held() -> None:
    its = RENDERER.for_episode(OPENING)
    assert its.action_ids("click[red]", PRODUCT) == []
    hold = ActionHolds(RENDERER).of(replace(Conversation("key", OPENING, TURNS[:2]), admissible=LISTED))
    assert hold is not None
    state = hold.start()
    for token in its.action_start():
        state = hold.advance(state, token)
    allowed = hold.allowed(state)
    assert allowed is not None
    assert set(text(list(allowed)).split()) == {"<again>", "<buy>", "<value1>", "search["}


def test_other_episodes_give_other_slots() -> None:
    other = OPENING.replace("slim fit women's", "women's slim fit")
    ids = [RENDERER.for_episode(opening).completion("It lacks slim.", QUERY, opening) for opening in (OPENING, other)]
    assert [text(each).split(" <act>")[0] for each in ids] == ["it lacks <s0>", "it lacks <s1>"]


def test_what_is_no_page_of_a_shop_is_no_error() -> None:
    assert text(RENDERER.opening("")) == "<bos> <done>"
    assert RENDERER.parse([], None, "").action == ""
