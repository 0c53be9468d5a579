"""Usage, arguments and options of the commands, from click."""

from typing import Any

import click


def section(command: click.Command, name: str) -> str:
    """The text of one command: usage, help and a table of its options."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [_row(parameter, context) for parameter in command.params if isinstance(parameter, click.Option)]
    options = "\n".join(["| option | values | meaning |", "|---|---|---|", *rows]) if rows else ""
    help_text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    return "\n\n".join(part for part in (f"## {name}", f"```text\n{usage}\n```", help_text, options) if part)


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    cells = (names, _values(option), _help(option, context))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _values(option: click.Option) -> str:
    kind: Any = option.type
    if option.is_flag:
        return "flag"
    if isinstance(kind, click.Choice):
        return ", ".join(f"`{choice}`" for choice in kind.choices)
    if isinstance(kind, click.IntRange | click.FloatRange):
        limits = [f"{sign} {value}" for sign, value in (("≥", kind.min), ("≤", kind.max)) if value is not None]
        return " ".join([kind.name.removesuffix(" range"), " and ".join(limits)]).strip()
    return str(kind.name)


def _help(option: click.Option, context: click.Context) -> str:
    text = " ".join((option.help or "").split())
    extra = option.get_help_extra(context)
    return f"{text} Default: `{extra['default']}`." if "default" in extra else text
