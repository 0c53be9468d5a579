"""The embedded student writes commands letter by letter as they are run."""

from itertools import islice

from leap_kedro.embedded.tokenizer import build_tokenizer
from leap_kedro.environments.intercode_bash.engine.sandbox.layer import IGNORED
from leap_kedro.environments.intercode_bash.student.vocabulary import vocabulary
from leap_kedro.environments.intercode_bash.tasks.generator import candidates
from leap_kedro.environments.intercode_bash.tasks.words import EXTENSIONS, FILES, FOLDERS, LINES, ROOTS
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.records import ParseStatus

RENDERER = EmbeddedRenderer(build_tokenizer(vocabulary(), 512))
LOOKS = (
    "ls /atlas",
    "ls -R /atlas/drafts",
    "find /atlas -name orchid.csv",
    "find /atlas -type f | sort",
    "true",
    "submit",
)


def test_a_command_is_read_back_as_it_was_written() -> None:
    golds = [task.gold for _, task in islice(candidates("train", 2), 1500)]
    for command in (*golds, *LOOKS):
        ids = RENDERER.completion("I count the lines.", command, "")
        parsed = RENDERER.parse(ids, None, "")
        assert (parsed.action, parsed.reason, parsed.status) == (command, "I count the lines.", ParseStatus.OK)


def test_no_word_of_a_query_is_lost() -> None:
    for _, task in islice(candidates("train", 2), 300):
        text = RENDERER.tokenizer.decode(RENDERER.text_ids(task.query)).strip()
        assert text.replace(" ", "") == task.query.replace(" ", "")
        assert "<unk>" not in text


def test_names_are_told_apart_and_seen_by_git() -> None:
    words = [*FILES, *FOLDERS, *LINES]
    assert len(set(words)) == len(words)
    assert not IGNORED & {*words, *(root.strip("/") for root in ROOTS)}
    assert all(extension.startswith(".") for extension in EXTENSIONS)
