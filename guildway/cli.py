"""The `guildway` command: it reads the command line, runs the command, and turns each failure into a line and an exit
status. `guildway/commands.py` declares the command line.
"""

import os
import sys
from collections.abc import Sequence

import typer

from core.runtime.errors import StartError
from core.runtime.standard_streams import open_standard_streams
from core_ext.chooser import KernelsMissingError
from guildway.commands import Work, app
from guildway.invocation import find_invocation
from guildway.outcomes import FAILED, INTERRUPTED, REFUSED, give_up_output

_OWNER_ALONE = 0o077
"""Files are for their owner alone, also those that a library creates (images, the database's log)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    open_standard_streams()
    os.umask(_OWNER_ALONE)
    try:
        return _obey(argv)
    except typer.TyperException as error:
        _complain(f"{error.format_message().rstrip('.')}; see `{_describe_help(error)}`")
    except StartError as error:
        _complain(str(error))
        return error.exit_status
    except KernelsMissingError as error:
        _complain(error.msg)
    except BrokenPipeError:
        give_up_output()  # The reader has ended, as in `guildway demo | head -1`.
        return FAILED
    except OSError as error:
        _complain(f"{error.filename or 'the output'}: cannot be read or written: {error.strerror}")
        give_up_output()
    except KeyboardInterrupt:
        return INTERRUPTED
    return REFUSED


def _obey(argv: Sequence[str] | None) -> int:
    """Read the command line, then run the command. The parser has returned by then and catches no failure."""
    found: Work | int = app(argv, prog_name="guildway", standalone_mode=False)
    status = found if isinstance(found, int) else found()  # A number is the status of --help and --version.
    sys.stdout.flush()
    return status


def _describe_help(error: typer.TyperException) -> str:
    """The command that shows the flags of the command in which the error is."""
    context = getattr(error, "ctx", None)
    path = [] if context is None else context.command_path.split(" ")[1:]
    return " ".join((find_invocation().command, *path, "--help"))


def _complain(text: str) -> None:
    print(f"guildway: {text}", file=sys.stderr)
