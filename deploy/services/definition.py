"""What a service is to the code that starts it: a program, its folder, its port, and a question whether it answers.

The definitions are in redis_server.py, postgres_server.py, cassandra_server.py, s3_server.py and opensearch_server.py;
`deploy.services.process` runs them.
"""

import contextlib
import itertools
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

LOOPBACK: Final = "127.0.0.1"
"""The only address on which services are started: they ask for no password."""

_CONNECT_S: Final = 1.0
_LASTING_PORTS: Final = range(10_081, 32_768)
"""Ports that neither Linux nor the BSDs give to whoever asks for any: those are taken by somebody else all the time.
Browsers and Node ask no server at 10080, a "bad port" of the Fetch standard, and there is none in these.
"""
_PROCESSES: Final = 64
_turns: Final = itertools.cycle(_LASTING_PORTS[os.getpid() % _PROCESSES :: _PROCESSES])
"""Those of this process, one after another: none is found a second time before it can be used, and processes that look
at the same time look at different ones.
"""


class MissingProgram(Exception):
    """A program is not installed. The text names what is missing and where it comes from, in one line."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command that is ready to run."""

    command: Sequence[str]
    account: str | None = None
    """The system's account that it runs under; None is ours."""


class Service(Protocol):
    """One service with its data in `folder`, on `port` of loopback. Nothing is running yet."""

    @property
    def name(self) -> str:
        """The name of the service for people."""

    @property
    def folder(self) -> Path:
        """The folder of its log and its process's id, and mostly of its data."""

    @property
    def data(self) -> Path:
        """The folder of its data."""

    @property
    def port(self) -> int: ...

    @property
    def address(self) -> str:
        """The address for clients."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that ends it in order."""

    def prepare(self) -> Program:
        """Write the configuration, make `data` where there is none, and return what to run there.

        Raises:
            MissingProgram: when it is not installed.
        """

    def answers(self) -> bool:
        """Return whether the service answers requests."""


def find_free_port() -> int:
    """Return a port of loopback that nobody uses at the moment, and that no connection takes before it is used."""
    for port in _turns:
        with socket.socket() as asked, contextlib.suppress(OSError):
            asked.bind((LOOPBACK, port))
            break
    return port


def is_port_taken(port: int) -> bool:
    """Return whether somebody listens on a port of loopback."""
    with socket.socket() as asked:
        asked.settimeout(_CONNECT_S)
        return asked.connect_ex((LOOPBACK, port)) == 0


def ask(port: int, question: bytes, answer_size: int) -> bytes:
    """Send bytes to a port of loopback and return the first bytes of the answer; nothing when there is none."""
    try:
        with socket.create_connection((LOOPBACK, port), _CONNECT_S) as stream:
            stream.sendall(question)
            return stream.recv(answer_size)
    except OSError:
        return b""
