"""The `shardctl` command: it runs and looks after the processes of a cluster.

A command function only declares flags and returns its work; `main` runs it, and turns a failure into one line and an
exit status, as `guildway` does.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Final

import typer

from core.runtime.errors import StartError
from core.runtime.logs import configure_logging
from core.runtime.main import run_process
from core.runtime.settings.configuration import load_settings
from shardctl.plan import plan_processes
from shardctl.supervisor import Supervisor

Work = Callable[[], int]

_DONE: Final = 0
_REFUSED: Final = 2
_INTERRUPTED: Final = 130

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def shardctl() -> None:
    """Runs the processes of a Guildway cluster."""


@app.command(
    epilog="""\b
Examples:
  shardctl up                                   two API processes and a worker on this machine
  shardctl up --apis 4 --config /etc/guildway.toml
\b
The file cluster.json in the data folder names every process and server with its addresses."""
)
def up(
    *,
    apis: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="The number of API processes.")] = 2,
    data: Annotated[str | None, typer.Option(metavar="DIR", help="The data folder (GUILDWAY_DATA).")] = None,
    api: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The first API process; the others take free ports.")
    ] = None,
    gateway: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The worker's gateway.")] = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The worker's /metrics and /health.")] = None,
    config: Annotated[str | None, typer.Option(metavar="FILE", help="The settings of all processes.")] = None,
) -> Work:
    """Start the processes of a cluster on this machine, and start again what dies."""
    flags = {"config": config, "data": data, "api": api, "gateway": gateway, "metrics": metrics}
    return partial(_run_up, apis, flags)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        found: Work | int = app(argv, prog_name="shardctl", standalone_mode=False)
        return found if isinstance(found, int) else found()
    except typer.TyperException as error:
        _complain(error.format_message())
    except StartError as error:
        _complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _REFUSED


def _run_up(apis: int, flags: dict[str, str | None]) -> int:
    settings = load_settings(environ=os.environ, flags=flags)
    configure_logging(settings.logging, sys.stderr)
    supervisor = Supervisor(
        settings=settings, processes=plan_processes(settings, apis=apis, config=flags["config"]), out=sys.stdout
    )
    run_process(supervisor.run)
    return _DONE


def _complain(text: str) -> None:
    print(f"shardctl: {text}", file=sys.stderr)
