"""Chat templates that ask the clock."""

import os
import time
from collections.abc import Iterator

import pytest
from student_tokenizers import CHATML, byte_level

from leap_kedro.prompts.chat import ChatRenderer
from leap_kedro.prompts.templates import templated

DATED = "<|im_start|>system\nToday is {{ strftime_now('%d %B %Y') }}.<|im_end|>\n" + CHATML


@pytest.fixture(params=["Etc/GMT+12", "Pacific/Kiritimati"])
def somewhere(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{ strftime_now('%d %B %Y') }}", "26 July 2024"),
        ("{{ strftime_now(format='%%d %-d.%m, %A %H:%M %s') }}", "%d 26.07, Friday 00:00 1721952000"),
        ("{% macro day() %}{{ strftime_now('%Y') | int + 1 }}{% endmacro %}{{ day() }}", "2025"),
        ("{% if strftime_now is defined %}{% set day = strftime_now('%F') %}{% endif %}{{ day }}", "2024-07-26"),
        ("{% if not date_string is defined %}{{ strftime_now('%c') }}{% endif %}{{ date_string }}", "26 Jul 2024"),
        ("  {% if true %}\n  x{% endif %}", "  x"),
        ("\nx", "\nx"),
    ],
)
def test_a_template_is_told_the_same_day_every_day(template: str, written: str) -> None:
    tokenizer = byte_level(template=template)
    assert templated(tokenizer, [{"role": "user", "content": "hi"}]) == written


def test_a_prompt_states_that_day() -> None:
    renderer = ChatRenderer(byte_level(template=DATED))
    assert "Today is 26 July 2024." in renderer.tokenizer.decode(renderer.opening("x"))
