"""Policies without a model: a script for tests, and random play as a lower bound."""

import random
import re
from collections.abc import Callable, Sequence

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.policies.protocol import Policy, Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus
from leap_kedro.records.errors import described

_WORDS = 3


class ScriptedPolicy(Policy):
    """Answers with `script`, which writes replies in the form of `parse_reply`; an exception is a policy error."""

    def __init__(self, script: Callable[[Conversation], str], name: str = "scripted") -> None:
        self.id = name
        self._script = script

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`."""
        return [self._answer(conversation) for conversation in conversations]

    def _answer(self, conversation: Conversation) -> Reply:
        try:
            text = self._script(conversation)
        except Exception as error:
            return Reply.failed(described(error))
        return Reply.of(parse_reply(text, conversation.admissible, finished=True))


class RandomPolicy(Policy):
    """Takes one of the listed actions with equal probability, or no action if none is listed.

    The words of an open action are drawn from the first observation.
    """

    id = "random"

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`."""
        return [self._answer(conversation) for conversation in conversations]

    def _answer(self, conversation: Conversation) -> Reply:
        if not conversation.admissible:
            return Reply("", "", "", ParseStatus.NO_ACTION)
        rng = random.Random(f"{conversation.seed}/{len(conversation.turns)}")
        words = sorted(set(re.findall(r"[a-z]+", conversation.opening.lower())))
        action = rng.choice(conversation.admissible)
        if is_open(action):
            action = filled(action, " ".join(rng.sample(words, min(_WORDS, len(words)))))
        return Reply(action, "", action, ParseStatus.OK)
