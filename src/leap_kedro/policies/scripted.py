"""Policies without a model: a script for tests, and random play as the lower bound of every comparison."""

import random
import re
from collections.abc import Callable, Sequence

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus
from leap_kedro.records.errors import described

_WORDS = 3


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
            return Reply.failed(described(error))
        return Reply.of(parse_reply(text, conversation.admissible, finished=True))


class RandomPolicy:
    """Takes one of the listed actions, each with the same probability; gives no action where none is listed.

    The words of an open action are drawn from the first observation.
    """

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
        rng = random.Random(f"{conversation.seed}/{len(conversation.turns)}")
        words = sorted(set(re.findall(r"[a-z]+", conversation.opening.lower())))
        action = rng.choice(conversation.admissible)
        if is_open(action):
            action = filled(action, " ".join(rng.sample(words, min(_WORDS, len(words)))))
        return Reply(action, "", action, ParseStatus.OK)
