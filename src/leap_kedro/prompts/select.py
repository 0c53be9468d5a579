"""Selects the renderer for a tokenizer."""

from typing import Any

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.embedded import SLOTS, EmbeddedRenderer
from leap_kedro.prompts.renderer import Renderer
from leap_kedro.prompts.slotted import SlotRenderer
from leap_kedro.records import UserError


class TakesNoExamples(UserError):
    """The model cannot be prompted with examples."""


class HasNoThoughts(UserError):
    """The model cannot be asked for thoughts."""


def renderer_for(tokenizer: Any, environment: str = "", examples: str = "", *, thinking: bool = False) -> Renderer:
    """The embedded student's renderer for its tokenizer (with a ``<reply>`` token), else the chat renderer.

    Args:
        tokenizer: A Hugging Face tokenizer.
        environment: Registered name of the environment whose instructions are in a chat prompt; "" for none.
        examples: Finished episodes in a chat prompt.
        thinking: Whether replies begin with thoughts.

    Raises:
        UnusableChatTemplate: If the tokenizer has neither marks nor a usable chat template.
        TakesNoExamples: If there are examples for the embedded student, whose prompts do not support them.
        HasNoThoughts: If thoughts are wanted from it.
        UnknownEnvironment: If its tokenizer names an environment that is not registered.
    """
    if "<reply>" not in tokenizer.get_vocab():
        instructions = environment_instructions(environment) if environment else ""
        return ChatRenderer(tokenizer, instructions, examples, thinking=thinking)
    if examples:
        raise TakesNoExamples(
            "The prompts of the embedded student have no place for examples. Name a chat model instead (--policy)."
        )
    if thinking:
        raise HasNoThoughts("The embedded student has no thoughts: set `max_thought_tokens` to 0.")
    return SlotRenderer(tokenizer) if SLOTS in tokenizer.init_kwargs else EmbeddedRenderer(tokenizer)
