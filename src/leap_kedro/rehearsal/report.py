"""The report of a rehearsal on the terminal."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from leap_kedro.rehearsal.estimates import UTILISATION, estimated
from leap_kedro.rehearsal.iteration import Rehearsal

if TYPE_CHECKING:
    from leap_kedro.pipelines.parameters import LeapParameters
    from leap_kedro.pipelines.vllm_server import ServingParameters

_TEACHER_LINES = 40


def show(found: Rehearsal, parameters: "LeapParameters", config: Mapping[str, Any] | None) -> None:
    """Print prompts, training, server commands, estimates, and a summary."""
    console = Console()
    _text(console, "A decision as the student sees it, and the reply that it learns", found.student_prompt)
    if found.teacher_prompt:
        asked = "\n\n".join(f"[{role}]\n{text}" for role, text in found.teacher_prompt).splitlines()
        more = len(asked) - _TEACHER_LINES
        shown = asked if more <= 0 else [*asked[:_TEACHER_LINES], f"... ({more} more lines)"]
        _text(console, "The prompt of the teacher", "\n".join(shown))
    if parameters.serving is not None:
        lora = parameters.fine_tuning.overridden(parameters.bootstrap.fine_tuning).lora
        _text(console, "The server", _served(parameters.serving, found, lora.rank if lora else None))
    table = Table(title="Rehearsal", show_header=False)
    for row in _summary(found, parameters):
        table.add_row(*row)
    table.add_section()
    for row in estimated(parameters, config, found.packs, found.row_tokens):
        table.add_row(*row)
    table.caption = (
        f"Estimates: computed, not measured; {UTILISATION:.0%} of the data sheet's speed is assumed; "
        f"{len(found.packs)} episodes stand for {parameters.bootstrap.demonstrations:,}."
    )
    console.print(table)
    for absent in found.absent:
        console.print(
            f"Needed for the real run, and not here: {absent}.", markup=False, highlight=False, soft_wrap=True
        )
    console.print("The rehearsal succeeded. None of its files were kept.", highlight=False)


def _text(console: Console, title: str, text: str) -> None:
    console.print(Rule(title, align="left"))
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _summary(found: Rehearsal, parameters: "LeapParameters") -> list[tuple[str, str]]:
    made = ", ".join(f"{count} {role}" for role, count in found.tasks.items())
    replies = sum(len(example.targets) for example in found.demonstrations)
    corrected = sum(len(example.targets) for example in found.examples)
    return [
        ("environment", parameters.environment),
        ("base", str(found.base)),
        ("tasks tried", made),
        ("D_0, the few of it", f"{len(found.demonstrations)} episodes, {replies} replies"),
        ("D_1, of the stand-in's rollouts", f"{len(found.examples)} episodes, {corrected} replies"),
        *((f"training of {name}, one step", _step(report)) for name, report in found.trainings.items()),
    ]


def _step(report: Mapping[str, Any]) -> str:
    said = [
        f"{name}: loss {part['losses'][-1][1]:.3f} over {part['tokens']:,} tokens"
        for name, part in (("sft", report), ("dpo", report.get("dpo", {})))
        if part.get("losses")
    ]
    return "; ".join(said)


def _served(serving: "ServingParameters", found: Rehearsal, rank: int | None) -> str:
    from leap_kedro.pipelines.vllm_server import server_command

    if serving.base_url is not None:
        return f"a running one, at {serving.base_url}"
    with_adapters = rank if serving.adapters else None
    command = shlex.join(server_command(found.base, with_adapters, serving, serving.port or 8000))
    return command if serving.port else command.replace("--port 8000", "--port <a free one>")
