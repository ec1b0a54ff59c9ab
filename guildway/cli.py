"""The `guildway` command: run the server, fill it with a demonstration, tell the version.

Reads the environment and the command line and turns what cannot be into one line on stderr; everything else is elsewhere.
"""

import argparse
import asyncio
import logging
import os
import platform
import sys
from collections.abc import Sequence
from typing import Final

from core.runtime.configuration import load_settings
from core.runtime.errors import StartError
from core.runtime.logs import configure_logging
from guildway.addresses import Addresses, encode_ready_line
from guildway.demo import run_demo
from guildway.rest_client import DemoError
from guildway.version import VERSION
from guildway.welcome import write_welcome

logger = logging.getLogger(__name__)

DEFAULT_API_URL: Final = "http://127.0.0.1:8080"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    arguments = build_parser().parse_args(argv)
    try:
        match arguments.command:
            case "run":
                return _run(arguments)
            case "demo" if arguments.members is not None:
                return _make_crowd(arguments)
            case "demo":
                run_demo(arguments.url, sys.stdout)
            case _:
                print(f"guildway {VERSION} (Python {platform.python_version()})")
    except (StartError, DemoError) as error:
        print(f"guildway: {error}", file=sys.stderr)
        return error.exit_status if isinstance(error, StartError) else 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line; flags without a value leave the choice to the environment and the file."""
    parser = argparse.ArgumentParser(
        prog="guildway", description="A self-hosted backend that speaks Discord's API v10."
    )
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
    demo.add_argument("--url", default=DEFAULT_API_URL, help=f"the server's REST API (default: {DEFAULT_API_URL})")
    demo.add_argument(
        "--members", metavar="N", type=int, help="instead: a guild of N members, in a stopped server's data"
    )
    demo.add_argument("--logins", metavar="N", type=int, default=0, help="with --members: tokens of so many members")
    demo.add_argument("--data", metavar="DIR", help="with --members: the data folder (GUILDWAY_DATA; default: data)")
    demo.add_argument("--config", metavar="FILE", help="with --members: settings (GUILDWAY_CONFIG)")
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
        return 1
    return 0


def _make_crowd(arguments: argparse.Namespace) -> int:
    settings = load_settings(environ=os.environ, flags={"config": arguments.config, "data": arguments.data})
    configure_logging(settings.logging, sys.stderr)
    from core.runtime.clock import SystemClock  # noqa: PLC0415 - as above
    from guildway.crowd_demo import run_crowd_demo  # noqa: PLC0415

    asyncio.run(
        run_crowd_demo(
            settings.store, members=arguments.members, logins=arguments.logins, clock=SystemClock(), out=sys.stdout
        )
    )
    return 0


def _greet(addresses: Addresses) -> None:
    print(encode_ready_line(addresses), flush=True)
    write_welcome(addresses, sys.stdout)
