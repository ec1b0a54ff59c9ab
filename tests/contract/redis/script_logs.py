"""Two open logs under the scripts, with the calls of a door as an API process makes them."""

import struct
from typing import Any

from tests.contract.redis.script_backends import ScriptBackend

RUN = "run1"
TAG = "{1}"
OTHER = "{2}"
NOW_MS = 1_750_000_000_000
T = 330_000_000_000
"""The milliseconds of a ticket."""
HOUR_MS = 3_600_000
HEADER = struct.Struct(">IQQQQ")


def open_log(backend: ScriptBackend, tag: str = TAG, run: str = RUN, **changed: int) -> str:
    """Open a log that has nothing yet; return its life."""
    args = {"epoch": 1, "gen": 0, "n": 0, "next_gen": 1, "rev": 0, "now_ms": NOW_MS} | changed
    word, life = backend.run("log_open", tag, run, *args.values())
    assert word == b"OK"
    return str(life)


class Logs:
    """Two open logs, with the calls of a door as an API process makes them."""

    def __init__(self, backend: ScriptBackend) -> None:
        self.backend = backend
        self.life = open_log(backend)
        self.other_life = open_log(backend, OTHER)

    def open(self, low: int, t: int = T, **changed: Any) -> Any:
        limits = changed.pop("limits", ())
        args: dict[str, Any] = {
            "life": self.life, "channel": 77, "t": t, "low": low, "incarnation": "api1", "what": b"w", "oldest": 5000,
            "guild": 0, "mark": 0, "author": 9, "nonce": "", "nonce_ms": HOUR_MS, "slow_ms": 0, "recipients": b"",
        } | changed  # fmt: skip
        return self.backend.run("door_open", TAG, RUN, *args.values(), *limits)

    def close(self, low: int, envelope: bytes, t: int = T, **changed: Any) -> Any:
        args: dict[str, Any] = {"run": RUN, "channel": 77, "who": "api1", "tag": TAG, "life": self.life} | changed
        run = args.pop("run")
        return self.backend.run(
            "door_close", TAG, run, id_of(t, low), args["channel"], args["who"], args["tag"], args["life"], envelope
        )

    def abort(self, low: int, t: int = T, who: str = "api1") -> Any:
        return self.backend.run("door_abort", TAG, RUN, id_of(t, low), 77, who)

    def read(self, tag: str = TAG) -> list[bytes]:
        """Return the envelopes in a log."""
        return list(self.backend.run("log_read", tag, RUN, 0, 1000)[4::2])


def id_of(t: int, low: int) -> bytes:
    return (t << 22 | low).to_bytes(8, "big")
