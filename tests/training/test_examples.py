"""Examples in token ids: what the policy read, and the reply."""

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.renderer import trunk_ids
from leap_kedro.records import Example, Target, Turn
from leap_kedro.training.examples import packed_examples, rows_of


class Letters:
    """A renderer whose tokens are the letters."""

    def for_episode(self, opening: str) -> "Letters":
        return self

    def opening(self, observation: str, privileged: str = "") -> list[int]:
        return [ord(letter) for letter in privileged + observation]

    def turn(self, turn: Turn, before: str) -> list[int]:
        return [ord(letter) for letter in f"{len(before)}>{turn.action}|{turn.observation}"]

    def branch(self) -> list[int]:
        return [ord("?")]

    def action_ids(self, action: str, before: str) -> list[int]:
        return [ord(letter) for letter in action]

    def completion(self, reason: str, action: str, before: str) -> list[int]:
        return [ord(letter) for letter in f"{reason}{len(before)}>{action}."]


def test_each_target_is_a_row_of_its_decisions_prompt_and_its_reply() -> None:
    turns = (Turn("go", "a desk"), Turn("take", "a mug"))
    example = Example(
        episode="0/t/0",
        iteration=0,
        environment="letters",
        opening="room",
        turns=turns,
        targets=(Target(0, "look", "go"), Target(2, "done", "stop", weight=0.5)),
        privileged="!",
    )
    for row, target in zip(rows_of(example, Letters()), example.targets, strict=True):
        conversation = Conversation("0/t/0", "room", turns[: target.step], privileged="!")
        prompt = trunk_ids(Letters(), conversation) + Letters().branch()
        completion = Letters().completion(target.reason, target.action, conversation.seen)
        assert list(row.ids) == prompt + completion
        assert row.weights == (0.0,) * len(prompt) + (target.weight,) * len(completion)


def test_with_a_weight_the_trunk_is_predicted_too() -> None:
    example = Example("0/t/0", 0, "letters", "room", (Turn("go", "a desk"),), (Target(0, "look", "go"),))
    (without,), (packed,) = packed_examples([example], Letters()), packed_examples([example], Letters(), 0.25)
    trunk = packed.rows == 1
    assert "".join(map(chr, packed.targets[trunk])) == "oom4>go|a desk"
    assert set(packed.weights[trunk]) == {0.25}
    assert packed.targets[~trunk].tolist() == without.targets.tolist()
