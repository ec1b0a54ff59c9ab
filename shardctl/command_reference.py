"""References of commands in Markdown, made from the commands themselves."""

import inspect
from collections.abc import Iterator
from typing import Any

import typer


def write_page(app: typer.Typer, *, name: str, head: str) -> str:
    """Return the whole page of the commands of `name`, with those of its groups."""
    root: Any = typer.main.get_command(app)
    return "\n".join([head, *_write_epilog(root.epilog), *_write_commands(root, name)]).rstrip() + "\n"


def _write_commands(root: Any, path: str, level: int = 2) -> Iterator[str]:
    for name, command in root.commands.items():
        context = command.make_context(name, [], resilient_parsing=True)
        usage = " ".join([path, name, *command.collect_usage_pieces(context)])
        yield f"{'#' * level} {' '.join([*path.split()[1:], name])}\n"
        yield f"{inspect.cleandoc(command.help)}\n"
        yield f"```\n{usage.replace('{', '').replace('}', '')}\n```\n"
        yield from _write_flags(command, context)
        yield from _write_epilog(command.epilog)
        if hasattr(command, "commands"):
            yield from _write_commands(command, f"{path} {name}", level + 1)


def _write_flags(command: Any, context: Any) -> Iterator[str]:
    rows = [row for parameter in command.get_params(context) if (row := parameter.get_help_record(context))]
    shown = [row for row in rows if "--help" not in row[0]]
    if shown:
        yield "| | |\n|---|---|"
        yield "\n".join(f"| `{flag.replace('|', ', ')}` | {' '.join(text.split())} |" for flag, text in shown) + "\n"


def _write_epilog(epilog: str | None) -> Iterator[str]:
    """Write examples as they are, and what is said besides as a paragraph."""
    for part in (epilog or "").split("\b\n"):
        text = part.strip("\n")
        if not text:
            continue
        if text.startswith("Examples:"):
            yield "```sh\n" + "\n".join(line.strip() for line in text.splitlines()[1:]) + "\n```\n"
        else:
            yield f"{text}\n"
