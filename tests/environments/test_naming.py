"""Names in privileged states, and variants of tasks."""

from leap_kedro.environments.naming import names_of
from leap_kedro.environments.protocol import Variant
from leap_kedro.records import PrivilegedState, Task

STATE = PrivilegedState(
    task="put a mug in desk.",
    essentials=("mug 2", "drawer 3", "desk 1"),
    facts=("mug 2 is in drawer 3.", "mug 1 is in safe 1.", "drawer 3 is closed."),
    plan=("go to drawer 3", "open drawer 3", "take mug 2 from drawer 3"),
)


def test_names_are_the_essentials_and_whatever_has_a_number() -> None:
    assert names_of(STATE) == ("mug 2", "drawer 3", "desk 1", "mug 1", "safe 1")


def test_a_task_says_which_variant_it_is_of() -> None:
    task = Task("id", "shop", "test", "a mug", "mugs", {"source": "generated", "scoring": "by words", "goal": 3})
    assert Variant.of(task) == Variant("generated", "", "by words")
