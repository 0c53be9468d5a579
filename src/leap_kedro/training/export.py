"""Examples as rows for other trainers: chat messages, as TRL's SFT, DPO, SDFT and SDPO trainers read them.

A row is one reply to be learnt. Its messages are those of a prompted or a chat model: the same texts that
`prompts.chat.ChatRenderer` puts into a chat template.
"""

from collections.abc import Iterator
from typing import TypedDict

from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import chat_messages, reply_text
from leap_kedro.records import Example

_FIRST_PROMPT = 2
"""Messages of the first decision's prompt: the rules, the opening. Each turn adds two."""


class Message(TypedDict):
    """One message of a chat: whose it is (``system``, ``user``, ``assistant``), and its text."""

    role: str
    content: str


class ReplyRow(TypedDict):
    """One reply to be learnt, in the columns that TRL's trainers look for.

    `prompt` is the conversation up to the decision, `completion` and `chosen` the reply to be learnt, `rejected` the
    student's own reply (the chosen one where there is no other), `privileged_context` what was hidden from the student,
    and `messages` prompt and completion together. No column is ever null: TRL looks at an arbitrary one of them to tell
    whether a row holds messages (`trl.data_utils.is_conversational`).
    """

    prompt: list[Message]
    completion: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    privileged_context: str
    messages: list[Message]


def reply_rows(example: Example, rules: str, privileged_context: str) -> Iterator[ReplyRow]:
    """One row a target of the example, in their order.

    Args:
        example: The example.
        rules: What stands in front of every conversation, see `prompts.messages.rules_text`.
        privileged_context: What is hidden in the task, in words.
    """
    played = Conversation(example.episode, example.opening, example.turns, privileged=example.privileged)
    messages = [Message(role=role, content=content) for role, content in chat_messages(played, rules)]
    for target in example.targets:
        prompt = messages[: _FIRST_PROMPT + 2 * target.step]
        learnt = _reply(target.reason, target.action)
        own = _reply(target.rejected.reason, target.rejected.action) if target.rejected else learnt
        yield ReplyRow(
            prompt=prompt,
            completion=learnt,
            chosen=learnt,
            rejected=own,
            privileged_context=privileged_context,
            messages=[*prompt, *learnt],
        )


def _reply(reason: str, action: str) -> list[Message]:
    return [Message(role="assistant", content=reply_text(reason, action))]
