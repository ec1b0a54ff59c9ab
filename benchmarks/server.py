"""Server processes for measuring: pinned to one core, started by command line, spoken to over loopback, ended by id."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

SERVER_CORE: Final = 0
CLIENT_CORE: Final = 1
"""On a machine with one core both are the same, and the figures mean little."""

HIGH_LIMITS: Final = {
    f"GUILDWAY_LIMITS_{option}": "1000000000"
    for option in (
        "REQUESTS_PER_SECOND",
        "CHANNEL_MESSAGES",
        "MESSAGES_PER_MINUTE",
        "LOOPBACK_REGISTRATIONS_PER_MINUTE",
    )
}
"""Limits are counted, but never reached."""

PASSWORD: Final = "correct horse battery"


def core(number: int) -> set[int]:
    """The core of this number, or the last one that the machine has."""
    cores = sorted(os.sched_getaffinity(0))
    return {cores[min(number, len(cores) - 1)]}


class ServerProcess:
    """A process that prints one line `ready name=value …` when it serves."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **(settings or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self.pid, core(SERVER_CORE))
        self.fields = self._read_ready()

    def _read_ready(self) -> dict[str, str]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("ready "):
                return dict(field.split("=", 1) for field in line.split()[1:])
        raise RuntimeError("the server ended before it was ready")

    def ask(self, question: str) -> str:
        """Write a line, read a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def cpu_s(self) -> float:
        """Processor time used so far, in the kernel and outside."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        """Resident memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        """End it and wait."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=10)


def start_guildway(data: Path, settings: Mapping[str, str] | None = None) -> ServerProcess:
    """`guildway run` on free ports, with limits that are never reached."""
    command = [sys.executable, "-m", "guildway", "run", "--data", str(data)]
    for name in ("api", "gateway", "metrics"):
        command += [f"--{name}", "127.0.0.1:0"]
    return ServerProcess(command, {**HIGH_LIMITS, "GUILDWAY_LOGGING_LEVEL": "warning", **(settings or {})})


class Person:
    """An account on a server, over REST."""

    def __init__(self, api: str, token: str = "") -> None:
        self._api = api
        self.token = token

    @classmethod
    def register(cls, api: str, name: str) -> "Person":
        """A new account."""
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
        return cls(api, cls(api).post("/auth/register", body)["token"])

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST a JSON body; the JSON answer."""
        return self._request("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> Any:
        """GET; the JSON answer."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": self.token}
        request = urllib.request.Request(f"{self._api}/api/v10{path}", data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def unique_name() -> str:
    """A username that no earlier run took."""
    return f"bench{time.monotonic_ns()}"
