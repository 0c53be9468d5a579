"""Policies without a model: a script for tests, and random play as the floor of every comparison."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus


class ScriptedPolicy:
    """Answers with a function of the conversation."""

    def __init__(self, script: Callable[[Conversation], str], name: str = "scripted") -> None:
        """Wrap `script`, which writes replies as `parse_reply` reads them; it may raise, which is a policy error."""
        self.id = name
        self._script = script

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`."""
        return [self._answer(conversation) for conversation in conversations]

    def fits(self, conversation: Conversation) -> bool:
        """Any conversation fits."""
        return True

    def _answer(self, conversation: Conversation) -> Reply:
        try:
            text = self._script(conversation)
        except Exception as error:
            return Reply("", "", "", ParseStatus.NO_ACTION, error=f"{type(error).__name__}: {error}")
        parsed = parse_reply(text, conversation.admissible, finished=True)
        return Reply(text, parsed.reason, parsed.action, parsed.status)


class RandomPolicy:
    """Takes one of the listed actions, each as likely; where none is listed it answers nothing."""

    id = "random"

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`."""
        return [self._answer(conversation) for conversation in conversations]

    def fits(self, conversation: Conversation) -> bool:
        """Any conversation fits."""
        return True

    def _answer(self, conversation: Conversation) -> Reply:
        if not conversation.admissible:
            return Reply("", "", "", ParseStatus.NO_ACTION)
        draw = random.Random(f"{conversation.seed}/{len(conversation.turns)}")
        action = draw.choice(conversation.admissible)
        return Reply(action, "", action, ParseStatus.OK)


@dataclass(frozen=True, slots=True)
class RandomPolicySpec:
    """Builds a `RandomPolicy` in any process."""

    def load(self) -> RandomPolicy:
        """The policy."""
        return RandomPolicy()
