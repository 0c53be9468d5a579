"""10,000 replies, each wrong in some way: none ends the run, and nothing is accepted that must not be.

The check of what was accepted is written anew here, apart from the code that accepts.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import chain, cycle, islice
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from teachers.llm import lessons

from leap_kedro.language_models import Completion, Finish
from leap_kedro.records import CorrectedEpisode, PrivilegedState, Rejection
from leap_kedro.teachers.briefing import Briefing
from leap_kedro.teachers.llm import teacher as under_test
from leap_kedro.teachers.llm.prompts import View
from leap_kedro.teachers.llm.teacher import LLMTeacher

pytestmark = pytest.mark.slow

EPISODES = lessons.episodes(6, 5)
BRIEFINGS = {episode.id: lessons.briefing_of(episode) for episode in EPISODES}

CORPUS = [
    "",
    " ",
    "null",
    "[]",
    "{}",
    "[[]]",
    '{"corrections": null}',
    '{"corrections": [null]}',
    '{"corrections": [[]]}',
    '{"corrections": {"step": 1}}',
    '{"corrections": [{}]}',
    '{"corrections": [{"step": 1}]}',
    '{"corrections": [{"step": 1, "action": "look"}]}',
    '{"corrections": [{"step": 1, "reason": "I look.", "action": "look"}]}',
    '{"corrections": [{"step": 1, "reason": "I look.", "action": "LOOK"}]}',
    '{"corrections": [{"step": 1, "reason": "I look.", "action": " look\\n"}]}',
    '{"corrections": [{"step": 1e99, "reason": "I look.", "action": "look"}]}',
    '{"corrections": [{"step": -1, "reason": "I look.", "action": "look"}]}',
    '{"corrections": [{"step": true, "reason": "I look.", "action": "look"}]}',
    '{"corrections": [{"step": "1; DROP TABLE", "reason": "I look.", "action": "look"}]}',
    '{"corrections": [{"step": 1, "reason": {"$ref": "#"}, "action": "look"}]}',
    '{"corrections": [{"step": 1, "reason": "\\ud800", "action": "look"}]}',
    '{"corrections": [{"step": 1, "reason": "\\u0000\\u001b[31m", "action": "look"}]}',
    '{"verdict": "keep", "reason": "", "action": ""}',
    '{"verdict": "KEEP"}',
    '{"verdict": ["keep"]}',
    '{"verdict": "correct", "reason": "I look.", "action": "look"}',
    '{"verdict": "correct", "reason": "I look.", "action": "quit"}',
    '{"error": {"message": "overloaded", "type": "server_error"}}',
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "I'm sorry, but I can't help with that.",
    "Step 1: go to desk 1. Step 2: take mug 1.",
    "```json\n```",
    '```json\n{"corrections": [',
    "{'corrections': [{'step': 1, 'reason': 'It's here', 'action': 'look'}]}",
    "__import__('os').system('touch pwned')",
    "{{ 7 * 7 }}{% raw %}",
    "</episode><hidden>",
    "\ufeff" + '{"corrections": []}',
    "\x00" * 100,
    "[" * 100_000,
    '{"a":' * 20_000,
    "9" * 100_000,
    "a" * 1_000_000,
    '{"corrections": [' + '{"step": 1, "reason": "I look.", "action": "look"},' * 1_500 + "]}",
    '{"corrections": [{"step": 1, "reason": "' + "so " * 20_000 + '", "action": "look"}]}',
]

SPELLINGS = (
    "{kind} {number}",
    "{kind}{number}",
    "{kind}-{number}",
    "{kind} #{number}",
    "{kind} no. {number}",
    "{kind}\n{number}",
    "{kind}\u00a0{number}",
    "{kind}\u2011{number}",
    "{kind}\u200b {number}",
    "{kind}_{number}",
    "**{kind} {number}**",
)


def entities(state: PrivilegedState) -> set[str]:
    found = {*state.essentials}
    for sentence in (*state.facts, *state.plan):
        found |= set(re.findall(r"[a-z]+ \d+", sentence))
    return found


def is_named(entity: str, text: str) -> bool:
    kind, _, number = entity.partition(" ")
    plain = "".join(
        character for character in unicodedata.normalize("NFKC", text) if unicodedata.category(character) != "Cf"
    )
    return re.search(rf"(?<![^\W\d_]){kind}[\W_]*(?:no[\W_]+)?{number}(?!\d)", plain.casefold()) is not None


def check(corrected: CorrectedEpisode) -> None:
    briefing = BRIEFINGS[corrected.episode]
    steps = briefing.episode.steps
    assert [said.step for said in corrected.corrections] in ([], list(range(len(steps))))
    assert corrected.corrections or corrected.faults
    for fault in corrected.faults:
        assert len(fault.detail) <= 200
    for said in corrected.corrections:
        if not said.accepted:
            continue
        assert said.action in (steps[said.step].admissible or ())
        own = said.reason == steps[said.step].reason and said.action == steps[said.step].action
        shown = "\n".join(seen.observation for seen in steps[: said.step + 1])
        for entity in entities(briefing.moments[said.step].state):
            assert own or not is_named(entity, said.reason) or is_named(entity, shown), (entity, said)


def taught(answers: Iterator[Completion], lessons_due: int, view: View) -> Counter[str]:
    """Teach so many episodes; the number of answers that were needed, and what became of them."""
    parrot = lessons.Parrot(answers)
    teacher = LLMTeacher(
        lessons.BENCHMARK,
        parrot,  # type: ignore[arg-type]
        lessons.prompts(view),
        50,
        view=view,
        max_unusable_share=1.0,
        earlier=[lessons.USABLE],
    )
    found = Counter[str]()
    for corrected in teacher.correct_all(islice(cycle(EPISODES), lessons_due)):
        check(corrected)
        found["episodes"] += 1
        found.update(fault.rejection.value for fault in corrected.faults)
        found.update((said.rejection or said.verdict).value for said in corrected.corrections)
    assert found["episodes"] == lessons_due
    found["replies"] = len(parrot.requests)
    return found


@pytest.fixture(autouse=True)
def _replayed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "brief", lambda _, __, episode: BRIEFINGS[episode.id])


def hostile(random: Random) -> Iterator[Completion]:
    """Replies without end: almost right ones about the very episodes, written in many ways, and damaged."""
    every = list(BRIEFINGS.values())
    while True:
        text = spelt(random, [entry(random, random.choice(every)) for _ in range(random.randrange(4))])
        yield lessons.completed(damaged(random, text), random.choice([Finish.STOP] * 20 + list(Finish)))


def entry(random: Random, briefing: Briefing) -> dict[str, object]:
    step = random.randrange(len(briefing.moments))
    moment = briefing.moments[step]
    shown = "\n".join(briefing.known(step))
    known, hidden = [], []
    for entity in sorted(entities(moment.state)):
        (known if is_named(entity, shown) else hidden).append(entity)
    kind, _, number = random.choice(random.choice([known, hidden]) or known or hidden).partition(" ")
    named = random.choice(SPELLINGS).format(kind=random.choice([kind, kind.upper(), kind.title()]), number=number)
    actions = [*(moment.admissible or ()) * 2, *moment.state.plan[:2], "fly to the moon", "", "LOOK", "go to shelf 99"]
    return {
        "step": random.choice([step + 1] * 8 + [0, -3, 99, None, "2", 2.0, True, [], "two"]),
        "verdict": random.choice(["correct"] * 8 + ["keep", "KEEP", "maybe", None, 1]),
        "reason": random.choice([f"I go on, for {named} is what I need."] * 5 + ["I look.", "", None, 7, ["I look."]]),
        "action": random.choice([*actions, None, 3, {"do": "look"}]),
    }


def spelt(random: Random, entries: list[dict[str, object]]) -> str:
    value = random.choice([{"corrections": entries}, entries, entries[:1] and entries[0], {"other": entries}])
    written = random.choice([json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False), repr(value)])
    forms = ("{}", "{}", "```json\n{}\n```", "Let me see: {} Done.", "{} {}", "[1, 2] {}", "{},", "({})")
    return random.choice(forms).replace("{}", written)


def damaged(random: Random, text: str) -> str:
    if text and random.random() < 0.3:
        at = random.randrange(len(text))
        return random.choice([text[:at], text[at:], text[:at] + random.choice('{}[]",\\\u200b') + text[at + 1 :]])
    return text


def test_three_thousand_replies() -> None:
    corpus = [lessons.completed(text) for text in CORPUS]
    found = taught(iter(corpus * 2), len(CORPUS) // 2, View.EPISODE)
    found += taught(chain(corpus, hostile(Random(5))), 200, View.CAUSAL)
    found += taught(hostile(Random(6)), 700, View.EPISODE)
    assert found["replies"] >= 3_000
    assert {outcome.value for outcome in Rejection} - found.keys() == {"no_plan", "not_taken"}
    assert found["leaked"] >= 10
    assert found["correct"] >= 50


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(max_size=200)
        | st.sampled_from([text for text in CORPUS if len(text) < 1_000])
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["corrections", "step", "verdict", "reason", "action"]) | st.text(max_size=3),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ).map(json.dumps),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from(View),
)
def test_any_reply(texts: list[str], view: View) -> None:
    taught((lessons.completed(text) for text in cycle(texts)), 1, view)
