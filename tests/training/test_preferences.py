"""Which replies are pairs."""

from dataclasses import replace

from leap_kedro.records import Example, OwnReply, Target, Turn
from leap_kedro.training.preferences import informed_pairs, preferences_of


class Letters:
    """A renderer whose tokens are the letters."""

    def for_episode(self, opening: str) -> "Letters":
        return self

    def action_ids(self, action: str, before: str) -> list[int]:
        return [ord(letter) for letter in action]

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        return [ord(letter) for letter in privileged + observation]

    def turn(self, turn: Turn, before: str) -> list[int]:
        return [ord(letter) for letter in f"{len(before)}>{turn.action}|{turn.observation}"]

    def branch(self) -> list[int]:
        return [ord("?")]

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        return [ord(letter) for letter in f"{reason}{len(before)}>{action}."]


EXAMPLE = Example(
    episode="1/t/0",
    iteration=1,
    environment="letters",
    opening="room",
    turns=(Turn("go", "a desk"), Turn("take", "a mug")),
    targets=(
        Target(0, "look", "go", rejected=OwnReply("wait", "stay")),
        Target(1, "done", "stop", weight=0.5, rejected=OwnReply("done", "stop")),
        Target(2, "said", "so"),
    ),
)


def test_a_reply_and_the_students_own_are_a_pair_where_they_differ() -> None:
    found = preferences_of([EXAMPLE, replace(EXAMPLE, targets=EXAMPLE.targets[1:])], Letters())
    assert (found.pairs, found.equal, found.alone) == (1, 2, 2)
    (packed,) = found.packs
    said = ["".join(map(chr, packed.targets[packed.rows == row])) for row in range(packed.row_count)]
    assert said == ["look4>go.", "wait4>stay."]
    assert set(packed.weights) == {1.0}
    assert "".join(map(chr, packed.input_ids)) == "room?look4>gowait4>stay"


def test_no_examples_are_no_pairs() -> None:
    found = preferences_of([], Letters())
    assert (found.packs, found.pairs, found.equal, found.alone) == ((), 0, 0, 0)


def test_a_reply_without_and_with_the_secret_is_a_pair() -> None:
    (packed,) = informed_pairs([replace(EXAMPLE, privileged="!"), replace(EXAMPLE, targets=())], Letters())
    said = ["".join(map(chr, packed.targets[packed.rows == row])) for row in range(packed.row_count)]
    assert said == ["look4>go.", "look4>go.", "done6>stop.", "done6>stop.", "said5>so.", "said5>so."]
    assert "".join(map(chr, packed.input_ids)).count("!") == 1
    assert len(packed.position_ids[packed.position_ids == 0]) == 2  # the two histories
