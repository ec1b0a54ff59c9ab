"""The `shardctl` command: it reads the command line, runs the command, and turns each failure into a line and an exit
status. `shardctl/commands.py` declares the command line.
"""

import os
import sys
from collections.abc import Sequence

import typer

from core.runtime.errors import StartError
from shardctl.commands import Work, app
from shardctl.outcomes import INTERRUPTED, CommandError

_FAILED = 1
_REFUSED = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        words = sys.argv[1:] if argv is None else argv
        found: Work | int = app(words or ["--help"], prog_name="shardctl", standalone_mode=False)
        status = found if isinstance(found, int) else found()
        sys.stdout.flush()
    except typer.TyperException as error:
        _complain(error.format_message())
    except (StartError, CommandError) as error:
        _complain(str(error))
        return error.exit_status
    except BrokenPipeError:
        # The reader has ended, as in `shardctl shards | head -1`; Python is not to write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return status
    return _REFUSED


def _complain(text: str) -> None:
    print(f"shardctl: {text}", file=sys.stderr)
