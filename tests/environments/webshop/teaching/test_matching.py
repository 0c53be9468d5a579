"""The unprivileged expert for official goals."""

from pathlib import Path
from statistics import fmean

import pytest

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.measure import play
from leap_kedro.environments.registry import environment_slots
from leap_kedro.environments.webshop.benchmark import WebShop
from leap_kedro.environments.webshop.teaching.matching import Matcher
from leap_kedro.environments.webshop.teaching.official_wishes import official_wish
from leap_kedro.prompts.select import renderer_for
from leap_kedro.teachers.demonstrations import demonstrations
from leap_kedro.training.examples import without_unstated

LIMIT = ", and price lower than 30.00 dollars"
WISH = f"Find me slim tops, tees with pockets with color: dark blue, and size: 4-5 years{LIMIT}"
HEADER = f"Instruction:\n{WISH}\n[button] Back to Search [button_]\n"
OPENING = f"WebShop\nInstruction: \n{WISH}\n[button] Search [button_]\n"
SEARCH = "search[slim tops tees with pockets dark blue 4-5 years]"


def results(total: int, *items: tuple[str, str]) -> str:
    shown = "".join(f"\n[button] {asin} [button_]\nSlim Top\n{price}\n" for asin, price in items)
    return f"{HEADER}Page 1 (Total results: {total})\n[button] Next > [button_]\n{shown}"


def product(*colours: str, price: str = "$19.95") -> str:
    values = "".join(f"  [button] {value} [button_]\n" for value in colours)
    return (
        f"{HEADER}[button] < Prev [button_]\ncolor\n{values}size\n  [button] 4-5 years old [button_]\nSlim Top\n"
        f"Price: {price}\nRating: N.A.\n[button] Buy Now [button_]\n"
    )


LIST = results(2, ("B000000001", "$39.5"), ("B000000002", "$19.95"))
FITTING, LACKING = product("red", "dark blue"), product("red", "blue")


def said(*turns: tuple[str, str]) -> tuple[str, str]:
    expert = Matcher()
    expert.start(OPENING)
    for action, observation in turns:
        expert.observe(action, observation)
    return expert.decide().reason, expert.decide().action


def test_the_wish_has_words_options_and_a_limit() -> None:
    wish = official_wish(WISH)
    assert wish.options == (("color", "dark blue"), ("size", "4-5 years"))
    assert (wish.limit, wish.wanted) == (30.0, {"slim", "top", "tee", "pocket"})
    assert wish.value_of("color", "dark blue", {"size": ("dark blue",), "color": ("Dark Blue",)}) == "Dark Blue"
    assert [wish.says(value) for value in ("dark blue", "blue dark")] == [True, False]
    human = official_wish("i need a red mug that is bpa free")
    assert (human.options, human.limit) == ((), float("inf"))
    assert human.query == "i need a red mug that is bpa free"


@pytest.mark.parametrize(
    ("turns", "decision"),
    [
        ((), ("I search for all of it.", SEARCH)),
        (((SEARCH, LIST),), ("This one has slim tops.", "click[b000000002]")),
        (((SEARCH, LIST), ("click[b000000002]", FITTING)), ("I want dark blue.", "click[dark blue]")),
        (
            ((SEARCH, LIST), ("click[b000000002]", FITTING), ("click[dark blue]", FITTING)),
            ("I want 4-5 years.", "click[4-5 years old]"),
        ),
        (
            (
                (SEARCH, LIST),
                ("click[b000000002]", FITTING),
                ("click[dark blue]", FITTING),
                ("click[4-5 years old]", FITTING),
            ),
            ("All fits.", "click[buy now]"),
        ),
        (
            ((SEARCH, LIST.replace("2)", "20)")), ("click[b000000002]", LACKING)),
            ("It lacks dark blue.", "click[< prev]"),
        ),
        (
            ((SEARCH, LIST.replace("2)", "20)")), ("click[b000000001]", product("dark blue", price="$39.5"))),
            ("It is too dear.", "click[< prev]"),
        ),
        (((SEARCH, results(20, ("B000000001", "$39.5"))),), ("Nothing new fits here.", "click[next >]")),
        (
            ((SEARCH, LIST), ("click[b000000002]", LACKING), ("click[< prev]", LIST)),
            ("Nothing better was found.", "click[b000000002]"),
        ),
    ],
)
def test_decisions(turns: tuple[tuple[str, str], ...], decision: tuple[str, str]) -> None:
    assert said(*turns) == decision


def test_a_purchase_has_the_alternative_to_look_further() -> None:
    expert = Matcher()
    expert.start(OPENING)
    chosen = ("click[dark blue]", FITTING), ("click[4-5 years old]", FITTING)
    for action, observation in ((SEARCH, LIST), ("click[b000000002]", FITTING), *chosen):
        expert.observe(action, observation)
    buy, rather_not = expert.options()
    assert buy.decision.action == "click[buy now]"
    assert (rather_not.decision.reason, rather_not.decision.action) == ("It lacks tees pockets.", "click[< prev]")


def test_official_goals(shared_webshop: Path) -> None:
    benchmark = WebShop(**{"source": "official", "data_root": shared_webshop, "nouns": "words"})
    tasks = benchmark.tasks("eval", 60, 0)
    played = play(benchmark, tasks, "steady", 15)
    assert sum(each.solved(15) for each in played) == 43
    assert fmean(each.score for each in played) > 0.8
    renderer = renderer_for(build_tokenizer(environment_slots("webshop")[0], 2048))
    shown = [each.example() for each in demonstrations(benchmark, tasks, "steady", max_actions=15, noise=0.0, seed=0)]
    every, stated = (
        [len(each.targets) for each in part] for part in (shown, [without_unstated(each, renderer) for each in shown])
    )
    assert sum(every) - sum(stated) <= 2
