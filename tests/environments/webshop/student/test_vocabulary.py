"""What the embedded student reads of generated shops, and what it can say."""

import pytest

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.renderer import observations, trunk_and_ends
from leap_kedro.records import Turn
from leap_kedro.teachers.demonstrations import demonstrations

BENCHMARK = WebShop(**{"products": 300})
RENDERER = EmbeddedRenderer(build_tokenizer(BENCHMARK.vocabulary(), 2048))
WISH = "find me a mug, ceramic travel, and it should be bpa free and non slip, dark blue"
HEADER = f"Instruction:\n{WISH}, and price lower than 40.00 dollars\n[button] Back to Search [button_]\n"
OPENING = f"WebShop\nInstruction: \n{WISH}, and price lower than 40.00 dollars\n[button] Search [button_]\n"
RESULTS = (
    f"{HEADER}Page 2 (Total results: 14)\n[button] < Prev [button_]\n[button] Next > [button_]\n"
    "\n[button] BN15M962NZ [button_]\nVelmo Ceramic Travel Mug\n$39.95\n"
    "\n[clicked button] BN15M1JD1F [clicked button_]\nOstra Glass Mug\n$7.5\n"
)
PRODUCT = (
    f"You have clicked red.\n{HEADER}[button] < Prev [button_]\ncolor\n  [clicked button] red [clicked button_]\n"
    "  [button] navy [button_]\nVelmo Ceramic Travel Mug\nPrice: $39.95\nRating: N.A.\n[button] Description [button_]\n"
    "[button] Features [button_]\n[button] Reviews [button_]\n[button] Buy Now [button_]\n"
)
TEXT = f"{HEADER}[button] < Prev [button_]\n Sold by Velmo with a warranty.\n It is bpa free.\n"


def read(observation: str) -> str:
    ids = RENDERER.turn(Turn("click[< prev]", observation), RESULTS)
    text: str = RENDERER.tokenizer.decode(ids)
    return text.partition("<end>")[2].strip()


@pytest.mark.parametrize(
    ("page", "tokens"),
    [
        (RESULTS, "page 2 ceramic travel mug price 3 item 1 seen item 2"),
        (PRODUCT, "color seen red navy ceramic travel mug price 3"),
        (TEXT, ". bpa free."),
        ("Thank you for shopping with us!\nYour code: \nNone\n", ""),
    ],
)
def test_a_page_is_read_without_what_all_pages_repeat(page: str, tokens: str) -> None:
    assert read(page) == tokens


def test_the_opening_is_the_wish_with_its_limit() -> None:
    text = RENDERER.tokenizer.decode(RENDERER.opening(OPENING))
    assert text.strip() == "<bos> mug ceramic travel bpa free non slip dark blue limit 4"


def test_a_product_is_named_by_its_place_and_the_record_keeps_its_id() -> None:
    ids = RENDERER.completion("BN15M1JD1F is worth a look.", "click[bn15m1jd1f]", RESULTS)
    assert RENDERER.tokenizer.decode(ids).strip() == "item 2 is worth a look <act> click[item 2] <end>"
    parsed = RENDERER.parse(ids, ["click[bn15m962nz]", "click[bn15m1jd1f]", "search[<words>]"], RESULTS)
    assert (parsed.reason, parsed.action) == ("BN15M1JD1F is worth a look.", "click[bn15m1jd1f]")


def test_words_of_a_search_are_its_own() -> None:
    ids = RENDERER.completion("I look for mug ceramic.", "search[mug ceramic]", OPENING)
    assert RENDERER.parse(ids, ["search[<words>]"], OPENING).action == "search[mug ceramic]"


def test_all_that_demonstrations_say_can_be_said_and_fits_into_the_context() -> None:
    tasks = BENCHMARK.tasks("train", 20, 0)
    unknown = RENDERER.tokenizer.unk_token_id
    for shown in demonstrations(BENCHMARK, tasks, "careful", max_actions=30, noise=0.1, seed=1):
        example = shown.example()
        trunk, ends = trunk_and_ends(RENDERER, example.opening, example.turns)
        assert ends[-1] == len(trunk) < 1500
        assert unknown not in trunk
        seen = observations(example.opening, example.turns)
        for target in example.targets:
            before = seen[target.step]
            reply = RENDERER.completion(target.reason, target.action, before)
            assert unknown not in reply
            said = RENDERER.parse(reply, shown.episode.steps[target.step].admissible, before)
            words = target.action.removeprefix("search[")
            assert said.action == target.action or set(said.action[7:-1].split()) < set(words[:-1].split())
