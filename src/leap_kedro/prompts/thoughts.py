"""What a model thinks aloud before it answers, told apart from the answer.

Models that reason put their thoughts between marks, in front of the answer. Some templates write the opening mark into
the prompt, so that a reply may hold the closing one alone.
"""

import re

_NAMES = r"(?:think|thinking|thought|reasoning|seed:think)"
_OPENS = re.compile(rf"\s*(?:<{_NAMES}>|\[THINK\]|<\|channel\|>analysis)", re.IGNORECASE)
_CLOSES = re.compile(rf"</{_NAMES}>|\[/THINK\]|<\|channel\|>final(?:<\|message\|>)?", re.IGNORECASE)


def answer_of(text: str) -> str:
    """The answer in a reply: what follows the thoughts, or all of it if there are none; "" if it is all thoughts."""
    closed = list(_CLOSES.finditer(text))
    if closed:
        return text[closed[-1].end() :].strip()
    return "" if _OPENS.match(text) else text
