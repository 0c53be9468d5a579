"""Replies that play a listed action, described for servers that can constrain what a model writes.

There are two descriptions: a grammar of the text form (``REASON: ...``, ``ACTION: ...``) and a JSON schema. The action
is a listed one; the words of an open action are free. For models in this process, `policies/admissible.py` does the
same on token ids.

A trained student may write any lines before its action and end without one, as in this process. A prompted model must
write one line for its reason and one for its action: otherwise, weak models give no action. If the model thinks, its
server must keep the thoughts apart from the reply.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from leap_kedro.environments.actions import around, is_open
from leap_kedro.prompts.plain import parse_reply, stated
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.prompts.thoughts import answer_of
from leap_kedro.records import ParseStatus

_REASON, _ACTION = "REASON:", "ACTION:"
_ACTION_LINE = re.compile("^ACTION:", re.MULTILINE)
_BLANK = " \t"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MEANS_SOMETHING = re.compile(r"[\\^$.|?*+()\[\]{}]")


@lru_cache(maxsize=1_000)
def reply_grammar(actions: tuple[str, ...], *, trained: bool) -> str:
    """A grammar of the text form, in GBNF: the notation of llama.cpp, which vLLM accepts as well."""
    student = f'root ::= (line "\\n")* (line | "{_ACTION} " action)', *_lines_without(_ACTION)
    prompted = (f'root ::= "{_REASON}" text "\\n" "{_ACTION} " action',)
    rules = (
        *(student if trained else prompted),
        r"text ::= [^\n]*",
        r"words ::= text [^ \t\n] text",
        f"action ::= {' | '.join(map(_written, actions))}",
    )
    return "\n".join(rules) + "\n"


@lru_cache(maxsize=1_000)
def reply_schema(actions: tuple[str, ...]) -> dict[str, Any]:
    """A JSON schema of a reply: an object with `reason` and `action`."""
    closed = [action for action in actions if not is_open(action)]
    choices: list[dict[str, Any]] = [{"type": "string", "enum": closed}] if closed else []
    choices += [{"type": "string", "pattern": _pattern(action)} for action in actions if is_open(action)]
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "action": choices[0] if len(choices) == 1 else {"anyOf": choices},
        },
        "required": ["reason", "action"],
        "additionalProperties": False,
    }


def follows_grammar(text: str, actions: Sequence[str], finished: bool, *, trained: bool) -> bool:
    """Whether a reply may come from a server that enforces `reply_grammar`, without its thoughts.

    Args:
        text: The reply, untrusted.
        actions: The listed actions.
        finished: Whether the reply ended by itself; if not, it may be the beginning of a reply.
        trained: As for the grammar.
    """
    answer = answer_of(text).strip()
    if not answer:
        return True
    if trained:
        marked = _ACTION_LINE.search(answer)
        if marked is None:
            return True
        rest = answer[marked.start() :]
    else:
        reason, _, rest = answer.partition("\n")
        if not reason.startswith(_REASON):
            return not finished and not rest and _REASON.startswith(reason)
    start = f"{_ACTION} "
    if not rest.startswith(start):
        return not finished and start.startswith(rest)
    written = rest.removeprefix(start)
    return any(
        _fills(written, around(each), finished)
        if is_open(each)
        else written == stated(each) or (not finished and stated(each).startswith(written))
        for each in actions
    )


def parse_json_reply(text: str, actions: Sequence[str], finished: bool) -> ParsedReply:
    """Reason and action of a reply in the form of `reply_schema`; without an action if it is not of this form.

    Args:
        text: The reply, untrusted.
        actions: The listed actions.
        finished: Whether the reply ended by itself and not at a limit.
    """
    try:
        tree = json.loads(answer_of(text))
        reason, action = tree["reason"], tree["action"]
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = action = None
    if isinstance(reason, str) and isinstance(action, str) and _is_meant(action, actions):
        return ParsedReply(text, reason.strip(), action, ParseStatus.OK)
    status = parse_reply(text, None, finished).status
    return ParsedReply(text, "", "", ParseStatus.NO_ACTION if status is ParseStatus.OK else status)


def _is_meant(action: str, actions: Sequence[str]) -> bool:
    return any(_fills(action, around(each), True) if is_open(each) else action == each for each in actions)


def _fills(written: str, fixed: tuple[str, str], finished: bool) -> bool:
    """Whether a text is an open action with some words, or, if unfinished, the beginning of one."""
    before, after = fixed
    if "\n" in written:
        return False
    if not finished and (before.startswith(written) or written.startswith(before)):
        return True
    words = written[len(before) : len(written) - len(after)]
    return written.startswith(before) and written.endswith(after) and bool(words.strip(_BLANK))


def _written(action: str) -> str:
    """The expression of the grammar for a listed action."""
    if not is_open(action):
        return _literal(stated(action))
    before, after = around(action)
    return " ".join(filter(None, (before and _literal(before), "words", after and _literal(after))))


def _lines_without(label: str) -> Iterator[str]:
    """Rules for a line that does not begin with `label`: one rule per character of the label."""
    for number, character in enumerate(label, start=1):
        further = f' | "{character}" line{number}' if number < len(label) else ""
        yield rf"line{number - 1 or ''} ::= ([^{character}\n] text{further})?"


def _literal(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", plain) + '"'


def _pattern(action: str) -> str:
    before, after = (_MEANS_SOMETHING.sub(r"\\\g<0>", part) for part in around(action))
    return rf"^{before}[^\n]*[^ \t\n][^\n]*{after}$"
