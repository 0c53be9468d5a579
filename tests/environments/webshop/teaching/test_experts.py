"""Unprivileged experts: what they do on each page, and that they follow any history."""

from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leap_kedro.environments.measure import play
from leap_kedro.environments.protocol import UnknownExpert
from leap_kedro.environments.webshop.benchmark import WebShop

BENCHMARK = WebShop(**{"products": 300})
OPENING = "WebShop\nInstruction: \nfind me a mug, ceramic travel, and it should be {wish}\n[button] Search [button_]\n"
WISH = "bpa free and non slip, dark blue, and price lower than 30.00 dollars"
HEADER = f"Instruction:\nfind me a mug, ceramic travel, and it should be {WISH}\n[button] Back to Search [button_]\n"


def item(asin: str, title: str, price: str, visited: bool = False) -> str:
    mark = "clicked button" if visited else "button"
    return f"\n[{mark}] {asin} [{mark}_]\n{title}\n{price}\n"


def results(*items: str, total: int = 3) -> str:
    return f"{HEADER}Page 1 (Total results: {total})\n[button] Next > [button_]\n{''.join(items)}"


def product(*values: str) -> str:
    shown = "".join(
        f"  [clicked button] {value[1:]} [clicked button_]\n" if value[0] == "*" else f"  [button] {value} [button_]\n"
        for value in values
    )
    buttons = "".join(f"[button] {name} [button_]\n" for name in ("Description", "Features", "Reviews", "Buy Now"))
    head = f"{HEADER}[button] < Prev [button_]\n"
    return f"{head}color\n{shown}Velmo Ceramic Travel Mug\nPrice: $12.5\nRating: N.A.\n{buttons}"


def text(words: str) -> str:
    return f"{HEADER}[button] < Prev [button_]\n{words}\n"


RESULTS = results(
    item("B000000001", "Velmo Ceramic Glass Mug", "$12.5"),
    item("B000000002", "Velmo Ceramic Travel Mug", "$42.5"),
    item("B000000003", "Velmo Travel Ceramic Mug", "$12.5"),
    item("B000000004", "Ostra Travel Ceramic Mug", "$10.0 to $14.5"),
)


def said(*turns: tuple[str, str]) -> tuple[str, str]:
    expert = BENCHMARK.expert("careful")
    expert.start(OPENING.format(wish=WISH))
    for action, observation in turns:
        expert.observe(action, observation)
    decision = expert.decide()
    return decision.reason, decision.action


SEARCHED = ("search[mug]", RESULTS)
LOOKED = ("click[b000000003]", product("navy", "red"))


def test_it_searches_for_what_the_wish_says_and_takes_the_nearest_that_is_not_too_dear() -> None:
    assert said() == (
        "I look for mug ceramic travel bpa free non slip.",
        "search[mug ceramic travel bpa free non slip]",
    )
    assert said(SEARCHED) == ("B000000003 is worth a look.", "click[b000000003]")


def test_it_reads_what_the_title_leaves_open_and_buys_what_has_it_all() -> None:
    assert said(SEARCHED, LOOKED) == ("I do not see bpa free yet.", "click[features]")
    read = ("click[features]", text(" It is bpa free."))
    assert said(SEARCHED, LOOKED, read) == ("This page says bpa free.", "click[< prev]")
    back = ("click[< prev]", product("navy", "red"))
    assert said(SEARCHED, LOOKED, read, back) == ("I do not see non slip yet.", "click[description]")
    rest = ("click[description]", text("Tested and found to be non slip."))
    assert said(SEARCHED, LOOKED, read, back, rest, back) == ("I want navy.", "click[navy]")
    chosen = ("click[navy]", f"You have clicked navy.\n{product('*navy', 'red')}")
    assert said(SEARCHED, LOOKED, read, back, rest, back, chosen) == ("All fits.", "click[buy now]")


def test_it_leaves_what_lacks_a_feature_or_the_value_and_goes_on() -> None:
    lacking = ("click[b000000003]", product("red"))
    assert said(SEARCHED, lacking) == ("It lacks navy.", "click[< prev]")
    visited = results(
        item("B000000003", "Velmo Travel Ceramic Mug", "$12.5", visited=True),
        item("B000000004", "Ostra Travel Ceramic Mug", "$10.0 to $14.5"),
    )
    assert said(SEARCHED, lacking, ("click[< prev]", visited)) == (
        "B000000004 is worth a look.",
        "click[b000000004]",
    )


def test_it_settles_for_the_best_it_saw_when_nothing_is_left() -> None:
    only = results(item("B000000003", "Velmo Travel Ceramic Mug", "$12.5"), total=1)
    visited = results(item("B000000003", "Velmo Travel Ceramic Mug", "$12.5", visited=True), total=1)
    back = ("click[< prev]", product("navy"))
    history = [
        ("search[mug]", only),
        ("click[b000000003]", product("navy")),
        ("click[features]", text(" It is bpa free.")),
        back,
        ("click[description]", text("A mug for every day.")),
        back,
    ]
    assert said(*history) == ("I want navy.", "click[navy]")
    assert said(*history, ("click[navy]", product("*navy")))[1] == "click[buy now]"
    assert said(*history, ("click[< prev]", visited)) == ("Nothing better was found.", "click[b000000003]")


def test_where_nothing_is_affordable_it_buys_the_first_all_the_same() -> None:
    dear = results(item("B000000002", "Velmo Ceramic Travel Mug", "$42.5"), total=1)
    assert said(("search[mug]", dear))[1] == "click[b000000002]"
    shown = product("red").replace("$12.5", "$42.5")
    back = (
        "click[< prev]",
        dear.replace("[button] B000000002 [button_]", "[clicked button] B000000002 [clicked button_]"),
    )
    history = [("search[mug]", dear), ("click[b000000002]", shown), back]
    assert said(*history) == ("Nothing better was found.", "click[b000000002]")
    assert said(*history, ("click[b000000002]", shown))[1] in ("click[features]", "click[buy now]")


def test_a_search_that_finds_nothing_is_searched_again() -> None:
    assert said(("search[zzz]", results(total=0)))[1].startswith("search[")


def test_among_results_it_also_considers_the_others_and_the_next_page() -> None:
    expert = BENCHMARK.expert("careful")
    expert.start(OPENING.format(wish=WISH))
    expert.observe(*SEARCHED)
    options = expert.options()
    assert [option.decision.action for option in options] == [
        "click[b000000003]",
        "click[b000000004]",
        "click[b000000001]",
        "click[b000000002]",
        "click[next >]",
    ]
    assert [option.group for option in options] == ["fits", "fits", "other", "other", "further"]
    assert sum(option.weight for option in options) == pytest.approx(1.0)


def test_the_steady_one_goes_down_the_list() -> None:
    expert = BENCHMARK.expert("steady")
    expert.start(OPENING.format(wish=WISH))
    expert.observe(*SEARCHED)
    affordable = [option.decision.action for option in expert.options() if option.group == "fits"]
    assert affordable == ["click[b000000001]", "click[b000000003]", "click[b000000004]"]


def test_the_careful_one_wins_most_the_greedy_one_least_and_the_planner_all() -> None:
    tasks = BENCHMARK.tasks("test", 60, 0)
    names = ("greedy", "steady", "careful", "planner")
    greedy, steady, careful, planner = (
        fmean(each.solved(30) for each in play(BENCHMARK, tasks, name, 30)) for name in names
    )
    assert planner == 1.0
    assert greedy < steady < careful
    assert greedy <= 0.6
    assert careful >= 0.7


def test_another_expert_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownExpert, match="careful, steady, greedy"):
        BENCHMARK.expert("carefull")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60) | st.sampled_from([RESULTS, LOOKED[1]]))))
def test_it_follows_any_history(turns: list[tuple[str, str]]) -> None:
    expert = BENCHMARK.expert("careful")
    expert.start(OPENING.format(wish=WISH))
    for action, observation in turns:
        expert.observe(action, observation)
    assert expert.decide().action.startswith(("search[", "click["))
