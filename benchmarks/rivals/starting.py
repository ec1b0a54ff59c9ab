"""The other servers that fan-out and heartbeats are compared with: each is a process that takes the same command.

    burst EVENTS TURN BYTES   sends frames of that size to all connections, TURN of them in each turn of the loop → done

uWebSockets is C++ without Python (native/uws.c). The others use their library as its documentation does.
"""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.harness.builds import BuildFailedError, Builds
from benchmarks.harness.processes import SERVER_CORE, PinnedProcess

_NODE_PACKAGES: Final = Path(__file__).parents[2] / "tests" / "e2e" / "node"
_LIBRARY: Final = "libsocketify_linux_amd64.so"
UWEBSOCKETS: Final = "uWebSockets"


class Missing(Exception):
    """A program or package that a rival needs is missing. The text names it."""


class Rival:
    """A server that listens on `port`."""

    __slots__ = ("port", "process")

    def __init__(self, command: list[str]) -> None:
        self.process = PinnedProcess(command, on_core=SERVER_CORE)
        self.port = int(self.process.read_ready()["port"])


def start_uwebsockets(builds: Builds) -> Rival:
    """Start uWebSockets, which publishes to a topic and also answers heartbeats. Raises Missing."""
    spec = importlib.util.find_spec("socketify")
    if spec is None or spec.origin is None:
        raise Missing("the package socketify, which carries it, is not installed (dependency group bench)")
    library = Path(spec.origin).with_name(_LIBRARY)
    if not library.exists():
        raise Missing("socketify carries no library for this system")
    try:
        program = builds.program("uws", [str(library), f"-Wl,-rpath,{library.parent}"])
        return Rival([program])
    except (RuntimeError, BuildFailedError) as error:
        raise Missing(f"its library cannot be used here ({error}); it needs libuv (Debian: libuv1)") from error


def start_websockets(_: Builds) -> Rival:
    """Start `websockets.broadcast`."""
    return _start_python("websockets")


def start_aiohttp(_: Builds) -> Rival:
    """Start a loop of aiohttp's `send_str`."""
    return _start_python("aiohttp")


def start_ws(_: Builds) -> Rival:
    """Start Node's `ws`. Raises Missing."""
    node = shutil.which("node")
    if node is None:
        raise Missing("Node is not installed")
    if not (_NODE_PACKAGES / "node_modules" / "ws").exists():
        raise Missing("ws is not installed (`make node`)")
    return Rival([node, str(Path(__file__).with_name("ws_server.mjs")), str(_NODE_PACKAGES)])


def _start_python(package: str) -> Rival:
    if importlib.util.find_spec(package) is None:
        raise Missing(f"the package {package} is not installed (dependency group dev)")
    return Rival([sys.executable, "-m", f"benchmarks.rivals.{package}_server"])


RIVALS: Final[dict[str, Callable[[Builds], Rival]]] = {
    UWEBSOCKETS: start_uwebsockets,
    "Node ws": start_ws,
    "aiohttp": start_aiohttp,
    "websockets": start_websockets,
}
