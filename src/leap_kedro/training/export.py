"""Examples as chat messages for other trainers: the format of TRL's SFT, DPO, SDFT and SDPO trainers.

Each row is one reply to learn. Its messages are the texts that `prompts.chat.ChatRenderer` puts into a chat template.
"""

from collections.abc import Iterator
from typing import TypedDict

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import chat_messages, reply_text
from leap_kedro.records import Example

_FIRST_PROMPT = 2
"""Messages in the prompt of the first decision: the rules and the opening. Each turn adds two."""


class Message(TypedDict):
    """One message of a chat, with the role ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


class ReplyRow(TypedDict):
    """One reply to learn, in the columns of TRL's trainers.

    `prompt` is the conversation up to the decision, `completion` and `chosen` are the reply to learn, `rejected` is the
    student's own reply (or the chosen one if there is none), `privileged_context` is hidden from the student, and
    `messages` is prompt and completion together. No column may be null: TRL inspects an arbitrary one to find out
    whether a row holds messages (`trl.data_utils.is_conversational`).
    """

    prompt: list[Message]
    completion: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    privileged_context: str
    messages: list[Message]


def reply_rows(example: Example, rules: str, privileged_context: str) -> Iterator[ReplyRow]:
    """One row per target of the example, in order.

    Args:
        example: The example.
        rules: The first message of every conversation, see `prompts.messages.rules_text`.
        privileged_context: Description of the task's hidden facts.
    """
    played = Conversation(example.episode, example.opening, example.turns, privileged=example.privileged)
    messages = [Message(role=role, content=content) for role, content in chat_messages(played, rules)]
    for target in example.targets:
        prompt = messages[: _FIRST_PROMPT + 2 * target.step]
        learnt = _reply(target.reason, target.action)
        yield ReplyRow(
            prompt=prompt,
            completion=learnt,
            chosen=learnt,
            rejected=_reply(target.rejected.reason, target.rejected.action) if target.rejected else learnt,
            privileged_context=privileged_context,
            messages=[*prompt, *learnt],
        )


def _reply(reason: str, action: str) -> list[Message]:
    return [Message(role="assistant", content=reply_text(reason, action))]
