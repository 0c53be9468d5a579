"""A conversation as chat messages, both for local chat templates and for servers.

The constant part comes first: the rules, the environment's instructions, examples. The first observation follows, and
each turn adds its action and observation. The prompt of a decision therefore begins with the previous one (except for
a list of admissible actions), which prefix caches use.
"""

from collections.abc import Iterator, Sequence

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import stated
from leap_kedro.records import Example

GENERAL_RULES = """\
You are an agent that acts in a text environment to complete a task.
At each step you read an observation and answer with exactly two lines:
REASON: one or two sentences on what is needed next and why
ACTION: one action"""

TOOL_RULES = """\
You are an agent that acts in a text environment to complete a task.
At each step you read an observation, write one or two sentences on what is needed next and why, and call the tool `act`
with one action."""

PRIVILEGED_NOTICE = """\
You go through this task again to teach yourself, and are told what is hidden in it. Choose your actions by it. Your
reasons must be such that they hold for one who does not know it, and must not mention it. What is hidden:"""
"""The text before a privileged block."""


def rules_text(instructions: str = "", examples: str = "", general: str = GENERAL_RULES) -> str:
    """The first message of every conversation.

    Args:
        instructions: The environment's instructions on actions.
        examples: Finished episodes, as written by `examples_text`.
        general: The rules of every environment.
    """
    rules = f"{general}\n{instructions.strip()}".rstrip()
    return f"{rules}\n\n{examples.strip()}" if examples else rules


def examples_text(examples: Sequence[Example]) -> str:
    """Finished episodes with a reason at each step, for few-shot prompts; "" for none."""
    if not examples:
        return ""
    shown = (f"Example {number}:\n{_played(example)}" for number, example in enumerate(examples, start=1))
    return "\n\n".join(("Tasks that were completed, as examples.", *shown, "The examples end here."))


def first_message(observation: str, privileged: str = "") -> str:
    """The first message of the user: the opening, after the privileged block if there is one (self teacher only)."""
    return f"{PRIVILEGED_NOTICE}\n{privileged}\n\n{observation}" if privileged else observation


def reply_text(reason: str, action: str) -> str:
    """A whole reply, in the form required by the rules."""
    return f"REASON: {reason}\nACTION: {stated(action)}"


def past_reply(action: str) -> str:
    """A reply in the history: its action, in the form of a reply.

    A prompted model imitates the form of its earlier messages, so a bare or empty action would mislead it.
    """
    return f"ACTION: {stated(action)}" if action else "(no action)"


def chat_messages(
    conversation: Conversation, rules: str, *, listing: bool = False, has_system: bool = True
) -> Iterator[tuple[str, str]]:
    """Role and content of each message before the reply.

    Args:
        conversation: The conversation to answer.
        rules: The first message.
        listing: Whether the last message lists the admissible actions, if there are any.
        has_system: Whether the rules are a system message; if not, they begin the first message of the user.
    """
    seen = first_message(conversation.opening, conversation.privileged)
    if has_system:
        yield "system", rules
    else:
        seen = f"{rules}\n\n{seen}"
    for turn in conversation.turns:
        yield "user", seen
        yield "assistant", past_reply(turn.action)
        seen = turn.observation
    yield "user", listed(seen, conversation.admissible) if listing else seen


def listed(seen: str, admissible: Sequence[str] | None) -> str:
    """An observation with the admissible actions, if there are any."""
    return "\n".join((f"{seen}\n\nActions that can be carried out now:", *admissible)) if admissible else seen


def _played(example: Example) -> str:
    reasons = {target.step: target.reason for target in example.targets}
    steps = (
        f"REASON: {reasons.get(index, '')}\n{past_reply(turn.action)}\n{turn.observation}"
        for index, turn in enumerate(example.turns)
    )
    return "\n".join((example.opening, *steps))
