"""A driver of wrk on the client's core: one request many times over 64 connections, and the server's processor time."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.processes import CLIENT_CORE, PinnedProcess, core

CONNECTIONS: Final = 64
SEND: Final = "SEND"
"""A value in the place of a method: POST of a message that differs each time."""
ACK: Final = "ACK"
"""Another one: acks of one message after the other, by the people in turn whose tokens `token` joins with commas."""
REACT: Final = "PUT"
UNREACT: Final = "DELETE"
"""The methods of reactions that differ each time, with the variables of native/reactions.lua."""

_NATIVE: Final = Path(__file__).parents[2] / "native"
_REACTIONS: Final = _NATIVE / "reactions.lua"
_SCRIPTS: Final = {
    SEND: _NATIVE / "send_messages.lua",
    ACK: _NATIVE / "acks.lua",
    REACT: _REACTIONS,
    UNREACT: _REACTIONS,
}
_SAME: Final = _NATIVE / "one_request.lua"
_PATIENCE: Final = "20s"
"""On a machine that others use, wrk's own 2 s would report answers as errors that are only late."""


class Request(msgspec.Struct, frozen=True):
    """A request and its address."""

    api: str
    method: str
    path: str
    token: str = ""
    content: str = "The quick brown fox"
    """The beginning of messages."""
    variables: Mapping[str, str] = {}
    """What else the script reads from its environment."""


class Round(msgspec.Struct, frozen=True):
    """The figures of wrk and of the server's process."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Processor time of the server per request."""
    count: int


def measure(process: PinnedProcess, request: Request, seconds: int, first_nonce: int) -> Round:
    """Measure one run. Raises RuntimeError when an answer was not 2xx."""
    environment = {
        **os.environ,
        "BENCH_METHOD": request.method,
        "BENCH_PATH": request.path,
        "BENCH_TOKEN": request.token,
        "BENCH_FIRST": str(first_nonce),
        "BENCH_CONTENT": request.content,
        **request.variables,
    }
    script = _SCRIPTS.get(request.method, _SAME)
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        _PATIENCE,
        "-s",
        str(script),
        request.api,
    ]
    cpu_before_s = process.cpu_s()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as wrk:
        os.sched_setaffinity(wrk.pid, core(CLIENT_CORE))
        output = wrk.communicate()[0]
    cpu_s = process.cpu_s() - cpu_before_s
    result = next(line for line in output.splitlines() if line.startswith("RESULT"))
    count, duration_us, p50_us, p99_us, errors = map(int, result.split()[1:])
    if errors:
        raise RuntimeError(f"{errors} requests failed:\n{output}")
    return Round(count / duration_us * 1e6, p50_us / 1000, p99_us / 1000, cpu_s / count * 1e6, count)
