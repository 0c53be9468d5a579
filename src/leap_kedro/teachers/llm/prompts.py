"""The teacher's prompts: Jinja templates that the user may change, filled in with an episode.

Each environment has the templates `teacher_episode` and `teacher_step` (one per view, with the blocks `system` and
`user`) and `privilege_0` to `privilege_100`, which a view includes as `privilege` and which determine how much of the
privileged state the teacher sees. They are rendered in Jinja's sandbox, and unknown names are errors. Texts of
environments and models pass through the filter `data`, which gives one line of JSON without angle brackets. Such text
cannot end its block or look like instructions.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from leap_kedro.language_models import Message, Role
from leap_kedro.records import UserError
from leap_kedro.teachers.briefing import Briefing

if TYPE_CHECKING:
    from jinja2 import Environment


class View(StrEnum):
    """The part of an episode that the teacher sees in one call."""

    EPISODE = "episode"
    """The whole episode, as in the paper."""
    CAUSAL = "causal"
    """One decision and the steps before it, with one call per step."""


_TEMPLATES = {View.EPISODE: "teacher_episode", View.CAUSAL: "teacher_step"}
_PRIVILEGE = "privilege"  # variable with the name of the template of the level


class PromptError(UserError):
    """A prompt is missing or cannot be rendered; the message names it."""


def prompts_of(library: Mapping[str, str], environment: str, view: View, privilege: int) -> dict[str, str]:
    """The templates that a teacher uses, including those that they include.

    Args:
        library: All templates, by "environment/name".
        environment: Name of the environment.
        view: The teacher's view.
        privilege: Privilege level, per cent.

    Returns:
        Templates by "environment/name".

    Raises:
        PromptError: If one is missing or malformed.
    """
    from jinja2 import TemplateSyntaxError
    from jinja2.meta import find_referenced_templates

    jinja = _sandbox({})
    found: dict[str, str] = {}
    wanted = [_TEMPLATES[view], f"{_PRIVILEGE}_{privilege}"]
    while wanted:
        name = f"{environment}/{wanted.pop()}"
        if name not in library:
            raise PromptError(
                f"There is no prompt '{name}': create conf/base/prompts/{name}.jinja. The existing ones are: "
                f"{', '.join(sorted(library)) or 'none'}."
            )
        found[name] = library[name]
        try:
            included = find_referenced_templates(jinja.parse(library[name]))
        except TemplateSyntaxError as error:
            raise PromptError(f"Fix the prompt '{name}', line {error.lineno}: {error.message}.") from error
        wanted += [other for other in included if other and f"{environment}/{other}" not in found]
    return dict(sorted(found.items()))


class TeacherPrompts:
    """Fills in the templates of one environment, view and level.

    Args:
        templates: Those of `prompts_of`, or more.
        environment: Name of the environment.
        view: The teacher's view.
        privilege: Privilege level, per cent.
        instructions: The student's instructions on the environment's actions.

    Raises:
        PromptError: If a template is missing or malformed.
    """

    def __init__(
        self, templates: Mapping[str, str], environment: str, view: View, privilege: int, instructions: str
    ) -> None:
        from markupsafe import Markup

        used = prompts_of(templates, environment, view, privilege)
        self._name = f"{environment}/{_TEMPLATES[view]}"
        self._jinja = _sandbox({name.removeprefix(f"{environment}/"): text for name, text in used.items()})
        self._view = _TEMPLATES[view]
        self._always = {"instructions": Markup(instructions), _PRIVILEGE: f"{_PRIVILEGE}_{privilege}"}  # noqa: S704 - ours

    def episode(self, briefing: Briefing) -> tuple[Message, ...]:
        """The prompt about a whole episode. Raises `PromptError` if it cannot be rendered."""
        episode = briefing.episode
        steps = range(len(episode.steps))
        return self._messages(
            task=episode.task.goal,
            steps=[_step(briefing, index) for index in steps],
            states=[{"step": index + 1, "state": briefing.moments[index].state} for index in steps],
            end={"observation": episode.final_observation, "solved": episode.success, "score": episode.score},
        )

    def step(self, briefing: Briefing, index: int) -> tuple[Message, ...]:
        """The prompt about one step. Raises `PromptError` if it cannot be rendered."""
        episode = briefing.episode
        return self._messages(
            task=episode.task.goal,
            history=[
                {"step": number, "observation": seen.observation, "action": seen.action}
                for number, seen in enumerate(episode.steps[:index], start=1)
            ],
            step=_step(briefing, index),
            states=[{"step": index + 1, "state": briefing.moments[index].state}],
        )

    def again(self, asked: Sequence[Message], reply: str, faults: Sequence[str]) -> tuple[Message, ...]:
        """The prompt for a second reply, with the faults of the first one."""
        listed = "\n".join(f"- {fault}" for fault in faults)
        again = (
            f"Your answer cannot be used as it is:\n{listed}\n\n"
            "Answer again, in the same form, only with what was wrong, mended."
        )
        return (*asked, Message(Role.ASSISTANT, reply[:_LONGEST_QUOTE] or "(empty)"), Message(Role.USER, again))

    def _messages(self, **values: Any) -> tuple[Message, ...]:
        from jinja2 import TemplateError

        try:
            template = self._jinja.get_template(self._view)
            context = template.new_context({**self._always, **values})
            parts = {name: "".join(template.blocks[name](context)).strip() for name in ("system", "user")}
        except KeyError as error:
            raise PromptError(f"Prompt '{self._name}' has no block {error}: it needs `system` and `user`.") from error
        except (TemplateError, TypeError) as error:
            raise PromptError(f"Fix the prompt '{self._name}', which cannot be rendered: {error}.") from error
        return (Message(Role.SYSTEM, parts["system"]), Message(Role.USER, parts["user"]))


_LONGEST_QUOTE = 8_000
"""Maximum characters of a first reply in the prompt for a second one."""


def _sandbox(templates: Mapping[str, str]) -> "Environment":
    from jinja2 import DictLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # With autoescape, values that a template does not pass through `data` cannot open or close a block either.
    jinja = ImmutableSandboxedEnvironment(
        loader=DictLoader(templates), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    jinja.filters["data"] = _data
    return jinja


def _data(value: Any) -> str:
    from markupsafe import Markup

    plain = json.dumps(value, ensure_ascii=False)
    # Safe: JSON text without angle brackets is only data inside a block.
    return Markup(plain.replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def _step(briefing: Briefing, index: int) -> dict[str, Any]:
    seen = briefing.episode.steps[index]
    return {
        "step": index + 1,
        "observation": seen.observation,
        "admissible": seen.admissible,
        "reason": seen.reason,
        "action": seen.action,
        "refused": not seen.accepted,
    }
