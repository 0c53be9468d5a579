"""Which renderer a tokenizer needs."""

from typing import Any

from leap_kedro.environments.registry import environment_instructions
from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.prompts.renderer import Renderer


def renderer_for(tokenizer: Any, environment: str = "") -> Renderer:
    """The embedded student's renderer for its tokenizer (it has a ``<reply>`` token), else the chat renderer.

    Args:
        tokenizer: A Hugging Face tokenizer.
        environment: Registered name of the environment whose instructions a chat prompt states; "" states none.

    Raises:
        UnusableChatTemplate: If the tokenizer has neither marks nor a usable chat template.
    """
    if "<reply>" in tokenizer.get_vocab():
        return EmbeddedRenderer(tokenizer)
    return ChatRenderer(tokenizer, environment_instructions(environment) if environment else "")
