"""Policies without a model: a script for tests, and random play as the floor of every comparison."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leap_kedro.environments.actions import filled, is_open
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.plain import parse_reply
from leap_kedro.records import ParseStatus

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
            return Reply("", "", "", ParseStatus.NO_ACTION, error=f"{type(error).__name__}: {error}")
        parsed = parse_reply(text, conversation.admissible, finished=True)
        return Reply(text, parsed.reason, parsed.action, parsed.status)


class RandomPolicy:
    """Takes one of the listed actions, each as likely; where none is listed it answers nothing.

    The words of an open one are drawn from the first observation.
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
        draw = random.Random(f"{conversation.seed}/{len(conversation.turns)}")
        words = sorted(set(re.findall(r"[a-z]+", conversation.opening.lower())))
        action = draw.choice(conversation.admissible)
        if is_open(action):
            action = filled(action, " ".join(draw.sample(words, min(_WORDS, len(words)))))
        return Reply(action, "", action, ParseStatus.OK)


@dataclass(frozen=True, slots=True)
class RandomPolicySpec:
    """Builds a `RandomPolicy` in any process."""

    def load(self) -> RandomPolicy:
        """The policy."""
        return RandomPolicy()
