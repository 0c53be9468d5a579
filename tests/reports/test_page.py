import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from recorded import TEST, make_episode, make_step, make_summary

from leap_kedro.records import Correction, ParseStatus, Rejection, StopReason, Verdict
from leap_kedro.reports.page import render_page

EVIL = "<script>alert('x')</script><img src=//example.org/x onerror=alert(1)>"


class Elements(HTMLParser):
    """Names of a page's elements and of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def correction(step: int, verdict: Verdict = Verdict.CORRECT, **fields: object) -> Correction:
    base = Correction("1/game-1/7", step, verdict, "I need a mug. I look around.", "look", "oracle", 50)
    return replace(base, **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def page() -> str:
    unread = make_step("", accepted=False, reason=EVIL, parse_status=ParseStatus.NO_ACTION)
    rollouts = [
        make_episode(0),
        make_episode(1, False, (make_step("fly", accepted=False), unread, make_step(observation=EVIL))),
        make_episode(2, False, (), StopReason.POLICY_ERROR, error="down"),
    ]
    corrections = [
        correction(0),
        correction(1, Verdict.KEEP),
        correction(2, rejection=Rejection.LEAKED, leaked=("mug 2",), reason=EVIL),
    ]
    evaluation = [make_episode(number, number % 2 == 0) for number in range(40)]
    summaries = [make_summary(None, 0, policy="base"), make_summary(0, 5), make_summary(1, 9, conditions=TEST)]
    return render_page("small <&>", 1, summaries, rollouts, {"1/game-1/7": corrections}, evaluation)


def test_what_models_write_cannot_act(page: str) -> None:
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert page.count(EVIL) == 0
    found = Elements()
    found.feed(page)
    assert found.names.isdisjoint({"script", "img", "iframe", "link", "object", "form"})
    assert found.attributes <= {
        "lang", "charset", "http-equiv", "content", "name", "class", "type", "id", "checked", "for", "colspan"
    }  # fmt: skip
    assert "default-src 'none'" in page
    assert "<title>small &lt;&amp;&gt;, iteration 1</title>" in page


def test_results_are_side_by_side(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "policy validation: solved (95 % interval), mean actions valid_unseen: solved" in text
    assert "base 0.0 % (0.0 to 27.8) of 10, 2.0 pi_0 50.0 % (23.7 to 76.3) of 10, 2.0 pi_1 90.0 %" in text
    assert "held to the admissible actions, greedy" in text


def test_corrections_stand_beside_the_steps(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "1 corrected, 1 kept, 1 rejected: leaked." in text
    assert "fly refused corrects it I need a mug. I look around. look" in text
    assert "(no action: no action) refused keeps it" in text
    assert "leaks mug 2" in text


def test_a_sample_is_shown_that_can_be_filtered_by_success(page: str) -> None:
    assert "2 of 3 episodes." in page
    assert "12 of 40 episodes." in page
    assert page.count('<details class="solved">') == 1 + 6
    assert page.count('<details class="unsolved">') == 1 + 6
    assert "#solved:checked ~ section .unsolved" in page
