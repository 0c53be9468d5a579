"""The student with copy slots."""

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.vocabulary import CopySlots, Vocabulary
from leap_kedro.prompts.select import renderer_for
from leap_kedro.records import ParseStatus

VOCABULARY = Vocabulary(
    {},
    ("amber", "jade", "i", "want", "to", "open", "the", "box", "it", "is", "near", "."),
    lowercase=True,
    slots=CopySlots("(.*)", 4, varying=("amber", "jade")),
)
RENDERER = renderer_for(build_tokenizer(VOCABULARY, 64)).for_episode("The amber box")
OPEN = "open the amber box"


def shown(ids: list[int]) -> str:
    return str(RENDERER.tokenizer.decode(ids))  # type: ignore[attr-defined]


def test_a_reason_that_only_repeats_the_action_has_no_tokens() -> None:
    ids = RENDERER.completion(f"I want to {OPEN}.", OPEN, "")
    assert shown(ids) == "<act> open the <s0> box <end> "
    said = RENDERER.parse(ids, [OPEN], "")
    assert (said.status, said.reason, said.action) == (ParseStatus.OK, f"I want to {OPEN}.", OPEN)


def test_other_reasons_are_kept() -> None:
    ids = RENDERER.completion("It is near the box.", OPEN, "")
    assert shown(ids) == "it is near the box <act> open the <s0> box <end> "
    assert RENDERER.parse(ids, [OPEN], "").reason == "it is near the box."


def test_a_varying_word_is_a_slot_where_the_opening_has_it_and_else_a_token() -> None:
    assert shown(RENDERER.opening("The amber box")) == "<bos> the <s0> box "
    assert shown(RENDERER.action_ids("open the jade box", "")) == "open the jade box <end> "
