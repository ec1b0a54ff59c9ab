"""The `guildway` command: run the server, back it up, fill it with a demonstration, tell the version.

Reads the environment and the command line and turns what cannot be into one line on stderr; everything else is elsewhere.
"""

import argparse
import asyncio
import logging
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.runtime.configuration import load_settings
from core.runtime.errors import StartError
from core.runtime.logs import configure_logging
from core.runtime.sockets import format_authority
from core.runtime.standard_streams import open_standard_streams
from guildway.addresses import Addresses, encode_ready_line
from guildway.backup import run_backup
from guildway.data_files import DataFiles
from guildway.demo import run_demo
from guildway.invocation import find_invocation
from guildway.rest_client import DemoError, NoServerError
from guildway.version import VERSION
from guildway.welcome import write_welcome

logger = logging.getLogger(__name__)

_VERSION_LINE: Final = f"guildway {VERSION} (Python {platform.python_version()})"

_OWNER_ALONE: Final = 0o077
"""Of whatever is made, others get no rights, also of what libraries make (images, the database's log)."""

_FAILED: Final = 1
_REFUSED: Final = 2
_INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    open_standard_streams()
    os.umask(_OWNER_ALONE)
    arguments = build_parser().parse_args(argv)
    try:
        return _obey(arguments)
    except StartError as error:
        _complain(str(error))
        return error.exit_status
    except NoServerError as error:
        _complain(f"{error}; start one with `{find_invocation().command} run`, or name another with --url")
    except DemoError as error:
        _complain(str(error))
    except BrokenPipeError:
        _give_up_output()  # nobody reads on, as in `guildway demo | head -1`
        return _FAILED
    except OSError as error:
        _complain(f"{error.filename or 'the output'}: cannot be read or written: {error.strerror}")
        _give_up_output()
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _REFUSED


def _obey(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "run":
            return _run(arguments)
        case "backup":
            _back_up(arguments)
        case "demo" if arguments.members is not None:
            _make_crowd(arguments)
        case "demo":
            run_demo(arguments.url or _find_api_url(arguments), find_invocation(), sys.stdout)
        case _:
            print(_VERSION_LINE)
    sys.stdout.flush()
    return 0


def _give_up_output() -> None:
    """What is left must not be written when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(text: str) -> None:
    print(f"guildway: {text}", file=sys.stderr)


def build_parser() -> argparse.ArgumentParser:
    """The command line; flags without a value leave the choice to the environment and the file."""
    parser = argparse.ArgumentParser(
        prog="guildway", description="A self-hosted backend that speaks Discord's API v10."
    )
    parser.add_argument("--version", action="version", version=_VERSION_LINE)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve until told to stop")
    run.add_argument("--data", metavar="DIR", help="folder of the database and files (GUILDWAY_DATA; default: data)")
    run.add_argument("--api", metavar="HOST:PORT", help="REST API (GUILDWAY_API; default: 0.0.0.0:8080)")
    run.add_argument(
        "--gateway", metavar="HOST:PORT", help="WebSocket gateway (GUILDWAY_GATEWAY; default: 0.0.0.0:8081)"
    )
    run.add_argument(
        "--metrics", metavar="HOST:PORT", help="/metrics, /health (GUILDWAY_METRICS; default: 127.0.0.1:8082)"
    )
    run.add_argument("--config", metavar="FILE", help="settings, see deploy/guildway.example.toml (GUILDWAY_CONFIG)")
    demo = commands.add_parser("demo", help="fill a running server with users, a guild and a conversation")
    demo.add_argument("--url", help="the server's REST API (default: this machine's, by GUILDWAY_API or the settings)")
    demo.add_argument(
        "--members", metavar="N", type=int, help="instead: a guild of N members, in a stopped server's data"
    )
    demo.add_argument("--logins", metavar="N", type=int, default=0, help="with --members: tokens of so many members")
    demo.add_argument("--data", metavar="DIR", help="with --members: the data folder (GUILDWAY_DATA; default: data)")
    demo.add_argument("--config", metavar="FILE", help="settings (GUILDWAY_CONFIG)")
    backup = commands.add_parser("backup", help="copy the data of a server, running or stopped, into one file")
    backup.add_argument("file", metavar="FILE", help="NAME.tar takes the database and images, any other the database")
    backup.add_argument("--force", action="store_true", help="replace FILE")
    backup.add_argument("--data", metavar="DIR", help="the data folder (GUILDWAY_DATA; default: data)")
    backup.add_argument("--config", metavar="FILE", help="settings (GUILDWAY_CONFIG)")
    commands.add_parser("version", help="print the version")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    flags = {name: getattr(arguments, name) for name in ("config", "data", "api", "gateway", "metrics")}
    settings = load_settings(environ=os.environ, flags=flags)
    configure_logging(settings.logging, sys.stderr)
    # Imported here, because the tiers take a while to load and `guildway --help` or a wrong flag need none of them.
    from core.runtime.main import run_process  # noqa: PLC0415
    from guildway.embedded import open_embedded  # noqa: PLC0415

    async def serve(stopping: asyncio.Event) -> None:
        async with open_embedded(settings) as embedded:
            await embedded.run(stopping=stopping, when_ready=_greet)
        logger.info("stopped")

    try:
        run_process(serve)
    except StartError:
        raise
    except Exception:
        # A part failed and took the rest with it; whoever starts processes starts this one again.
        logger.critical("the server failed", exc_info=True)
        return _FAILED
    return 0


def _back_up(arguments: argparse.Namespace) -> None:
    settings = load_settings(environ=os.environ, flags={"config": arguments.config, "data": arguments.data})
    files = DataFiles.in_folder(Path(settings.store.data_dir))
    run_backup(files, Path(arguments.file), replaces=arguments.force, out=sys.stdout)


def _find_api_url(arguments: argparse.Namespace) -> str:
    """Where the server of these settings is reached from this machine."""
    api = load_settings(environ=os.environ, flags={"config": arguments.config}).api
    if not api.port:
        raise StartError("the settings let the system choose the API's port; say it with --url")
    return f"http://{format_authority(api.host, api.port)}"


def _make_crowd(arguments: argparse.Namespace) -> None:
    settings = load_settings(environ=os.environ, flags={"config": arguments.config, "data": arguments.data})
    configure_logging(settings.logging, sys.stderr)
    from core.runtime.clock import SystemClock  # noqa: PLC0415 - as above
    from guildway.crowd_demo import run_crowd_demo  # noqa: PLC0415

    asyncio.run(
        run_crowd_demo(
            settings.store, members=arguments.members, logins=arguments.logins, clock=SystemClock(), out=sys.stdout
        )
    )


def _greet(addresses: Addresses) -> None:
    try:
        print(encode_ready_line(addresses), flush=True)
        write_welcome(addresses, find_invocation(), sys.stdout)
    except OSError as error:
        logger.warning("nobody reads the output", extra={"reason": error.strerror})
        _give_up_output()
