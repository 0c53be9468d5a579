"""A conversation as chat messages: the same for a chat template that runs here and for a server.

What never changes comes first: the rules, the environment's instructions, examples. Then the first observation, and
for each turn the action and what followed. So the prompt of a decision begins with all of the one before it (but for a
list of the actions of the moment), which caches of prefixes use.
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

PRIVILEGED_NOTICE = """\
You go through this task again to teach yourself, and are told what is hidden in it. Choose your actions by it. Your
reasons must be such that they hold for one who does not know it, and must not mention it. What is hidden:"""
"""What stands in front of a privileged block."""


def rules_text(instructions: str = "", examples: str = "") -> str:
    """What stands in front of every conversation.

    Args:
        instructions: What the environment says of its actions.
        examples: Finished episodes, as `examples_text` writes them.
    """
    parts = (GENERAL_RULES, instructions.strip())
    rules = "\n".join(part for part in parts if part)
    return f"{rules}\n\n{examples.strip()}" if examples else rules


def examples_text(examples: Sequence[Example]) -> str:
    """Finished episodes with a reason at each step, to be shown in a prompt (few-shot); "" for none."""
    if not examples:
        return ""
    shown = (f"Example {number}:\n{_played(example)}" for number, example in enumerate(examples, start=1))
    return "\n\n".join(("Tasks that were completed, as examples.", *shown, "The examples end here."))


def first_message(observation: str, privileged: str = "") -> str:
    """The first message of the user: the opening, in front of it a privileged block (self teacher only)."""
    return f"{PRIVILEGED_NOTICE}\n{privileged}\n\n{observation}" if privileged else observation


def reply_text(reason: str, action: str) -> str:
    """A whole reply, in the form that the rules ask for."""
    return f"REASON: {reason}\nACTION: {stated(action)}"


def past_reply(action: str) -> str:
    """What stays of a reply in the history: its action, in the form in which a reply states it.

    A model that is only prompted goes on in the form of its earlier messages: a bare or an empty action would teach it
    the wrong one.
    """
    return f"ACTION: {stated(action)}" if action else "(no action)"


def chat_messages(conversation: Conversation, rules: str, *, listing: bool = False) -> Iterator[tuple[str, str]]:
    """Role and content of each message; the next one is the reply.

    Args:
        conversation: What is to be answered.
        rules: What stands in front.
        listing: Whether the last message ends in the admissible actions, where there are any. The history keeps none.
    """
    yield "system", rules
    seen = first_message(conversation.opening, conversation.privileged)
    for turn in conversation.turns:
        yield "user", seen
        yield "assistant", past_reply(turn.action)
        seen = turn.observation
    yield "user", f"{seen}\n\n{_listed(conversation.admissible)}" if listing and conversation.admissible else seen


def _listed(actions: Sequence[str]) -> str:
    return "\n".join(("Actions that can be carried out now:", *actions))


def _played(example: Example) -> str:
    reasons = {target.step: target.reason for target in example.targets}
    steps = (
        f"REASON: {reasons.get(index, '')}\n{past_reply(turn.action)}\n{turn.observation}"
        for index, turn in enumerate(example.turns)
    )
    return "\n".join((example.opening, *steps))
