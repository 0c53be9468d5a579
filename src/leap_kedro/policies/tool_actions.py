"""Actions as calls of one tool, `act`, for servers and models that were trained to call tools.

The text beside a call is the reason. The history contains calls and results as the chat completions interface has them.
If all listed actions are closed, the tool's schema enumerates them; otherwise the last message lists them.
"""

import json
from collections.abc import Iterator
from typing import Any

from leap_kedro.environments.actions import is_open
from leap_kedro.language_models import Message, Role, ToolCall
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.messages import first_message, listed
from leap_kedro.prompts.plain import meant
from leap_kedro.prompts.renderer import ParsedReply
from leap_kedro.records import ParseStatus

ACT = "act"
"""Name of the tool."""


def tool_of(conversation: Conversation, *, listing: bool) -> dict[str, Any]:
    """The tool `act`; with `listing`, its action is one of those that the conversation lists, unless one is open."""
    action: dict[str, Any] = {"type": "string", "description": "The action, for example as the rules state its form."}
    if listing and _is_closed(conversation):
        action["enum"] = list(conversation.admissible or ())
    return {
        "type": "function",
        "function": {
            "name": ACT,
            "description": "Carries out one action in the environment and returns what is then observed.",
            "parameters": {
                "type": "object",
                "properties": {"action": action},
                "required": ["action"],
                "additionalProperties": False,
            },
            "strict": True,
        },
    }


def tool_messages(conversation: Conversation, rules: str, *, listing: bool, has_system: bool) -> Iterator[Message]:
    """The messages before the reply; arguments as in `chat_messages`."""
    seen = first_message(conversation.opening, conversation.privileged)
    if has_system:
        yield Message(Role.SYSTEM, rules)
    else:
        seen = f"{rules}\n\n{seen}"
    asked, call_id = Role.USER, ""
    for number, turn in enumerate(conversation.turns):
        yield Message(asked, seen, call_id=call_id)
        seen = turn.observation
        if turn.action:
            asked, call_id = Role.TOOL, f"call{number:05d}"  # Mistral accepts ids of nine letters and digits
            yield Message(Role.ASSISTANT, "", ToolCall(ACT, json.dumps({"action": turn.action}), call_id))
        else:
            asked, call_id = Role.USER, ""
            yield Message(Role.ASSISTANT, "(no action)")
    if listing and not _is_closed(conversation):
        seen = listed(seen, conversation.admissible)
    yield Message(asked, seen, call_id=call_id)


def read_call(text: str, call: ToolCall, admissible: tuple[str, ...] | None, finished: bool) -> ParsedReply:
    """Reason and action of a reply with a call.

    Args:
        text: The text beside the call, without thoughts, untrusted.
        call: The call, untrusted.
        admissible: The listed actions; None if none are listed.
        finished: Whether the reply ended by itself and not at a limit.
    """
    whole = f"{text}\n{call.name}({call.arguments})".strip()
    action = meant(_argument(call).partition("\n")[0], admissible or ())
    status = ParseStatus.OK if action else ParseStatus.NO_ACTION if finished else ParseStatus.TRUNCATED
    return ParsedReply(whole, text.strip(), action, status)


def _argument(call: ToolCall) -> str:
    """The action of a call; "" if there is none."""
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    action = arguments.get("action") if isinstance(arguments, dict) and call.name == ACT else None
    return action.strip() if isinstance(action, str) else ""


def _is_closed(conversation: Conversation) -> bool:
    return bool(conversation.admissible) and not any(map(is_open, conversation.admissible or ()))
