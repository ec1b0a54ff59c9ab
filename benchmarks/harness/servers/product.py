"""The product as a whole: `guildway run` as a process, and accounts on it."""

import json
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.processes import SERVER_CORE, PinnedProcess

HIGH_LIMITS: Final = {
    f"GUILDWAY_LIMITS_{option}": "1000000000"
    for option in (
        "REQUESTS_PER_SECOND",
        "CHANNEL_MESSAGES",
        "CHANNEL_REACTIONS",
        "MESSAGES_PER_MINUTE",
        "LOOPBACK_REGISTRATIONS_PER_MINUTE",
    )
}
"""Limits that are counted but never reached."""

_QUIET: Final = {"GUILDWAY_LOGGING_LEVEL": "error", "GUILDWAY_VOICE_ENABLED": "false"}
"""Nothing on the output, and no other process on the cores that are measured."""

SILENT_CLIENTS: Final = {"GUILDWAY_GATEWAY_HEARTBEAT_INTERVAL_S": "3600"}
"""The setting for clients that are connected for minutes: the load client says nothing by itself."""

PASSWORD: Final = "correct horse battery"


class Product:
    """A running server: the process, and where its parts listen."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "guildway", "run", "--data", str(data)]
        for name in ("api", "gateway", "metrics"):
            command += [f"--{name}", "127.0.0.1:0"]
        environment = {**HIGH_LIMITS, **_QUIET, **(settings or {})}
        self.process = PinnedProcess(command, on_core=SERVER_CORE, settings=environment)
        fields = self.process.read_ready()
        self.api = fields["api"]
        self.gateway = fields["gateway"]
        self.metrics = fields["metrics"]


class Person:
    """An account on a server, over REST."""

    def __init__(self, api: str, token: str = "") -> None:
        self._api = api
        self.token = token

    @classmethod
    def register(cls, api: str, name: str) -> "Person":
        """Register a new account."""
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
        return cls(api, cls(api).post("/auth/register", body)["token"])

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST a JSON body and return the JSON answer."""
        return self._request("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> Any:
        """GET a path and return the JSON answer."""
        return self._request("GET", path, None)

    def _request(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": self.token}
        request = urllib.request.Request(f"{self._api}/api/v10{path}", data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def unique_name() -> str:
    """Make a username that no earlier run took."""
    return f"bench{time.monotonic_ns()}"
