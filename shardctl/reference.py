"""The reference of `shardctl` in Markdown, made from the commands themselves: `python -m shardctl.reference`."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from shardctl.commands import app

_HEAD: Final = """\
# shardctl

`shardctl` runs the processes of a cluster and looks after its shards. `shardctl` is installed with Guildway;
`python -m shardctl` is the same. This page is made from the commands by `python -m shardctl.reference`.

Commands that look need Redis alone; `locate`, `drain`, `undrain`, `pin`, `unpin` and `rebalance` need PostgreSQL too.
What they change is carried out by the controller that leads. `shardctl --install-completion` makes the shell complete
commands and flags.
"""


def write_reference() -> str:
    """Return the whole page."""
    root: Any = typer.main.get_command(app)
    return "\n".join([_HEAD, *_write_epilog(root.epilog), *_write_commands(root)]).rstrip() + "\n"


def _write_commands(root: Any) -> Iterator[str]:
    for name, command in root.commands.items():
        context = command.make_context(name, [], resilient_parsing=True)
        usage = " ".join(["shardctl", name, *command.collect_usage_pieces(context)])
        yield f"## {name}\n"
        yield f"{inspect.cleandoc(command.help)}\n"
        yield f"```\n{usage.replace('{', '').replace('}', '')}\n```\n"
        rows = [row for parameter in command.get_params(context) if (row := parameter.get_help_record(context))]
        shown = [row for row in rows if "--help" not in row[0]]
        if shown:
            yield "| | |\n|---|---|"
            yield "\n".join(f"| `{flag}` | {' '.join(text.split())} |" for flag, text in shown) + "\n"
        yield from _write_epilog(command.epilog)


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


if __name__ == "__main__":
    sys.stdout.write(write_reference())
