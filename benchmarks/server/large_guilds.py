"""Guilds of very different sizes with the same number of sessions: the costs that grow with the guild.

Each guild is made by `guildway demo --members` and served by `guildway run` twice. The first server's bound of large
guilds is above all of them, so that all sessions get everything. The second one's is below all, so that all sessions
are passive and see online members in the member list only. Messages are sent over REST, one after the other. The
processor time of a message is all of the server's, from the request to the last socket.
"""

import json
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.sync.client import connect

from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.reports.tables import Column, Plot, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product, unique_name
from benchmarks.harness.worlds.crowd import Crowd, make_crowd
from core.domain.events import GUILD_MEMBER_LIST_UPDATE, READY

_SIZES: Final = (1_000, 10_000, 100_000, 500_000)
_SESSIONS: Final = 5_000
_MESSAGES: Final = 25
_ALWAYS_SMALL, _ALWAYS_LARGE = "1000000000", "1"
_GAP_S: Final = 8.0
"""The gap between batches for passive sessions, longer than all the messages take."""
_REPEATS: Final = 5

_COMING_IN: Final = [
    Column(key="members", title="members"),
    Column(key="load_ms", title="first login ms", digits=1),
    Column(key="login_ms", title="login p50 ms", digits=1),
    Column(key="login_cpu_us", title="CPU µs a login"),
    Column(key="list_ms", title="list, first ms", digits=1),
    Column(key="list_again_ms", title="list, again ms", digits=1),
    Column(key="page_ms", title="1,000 members ms", digits=1),
    Column(key="search_ms", title="search ms", digits=1),
    Column(key="rss_mib", title="RSS MiB"),
]
_LOOKING: Final = [
    Column(key="members", title="members"),
    Column(key="sessions", title="sessions"),
    Column(key="cpu_us", title="CPU µs a delivery", digits=2),
    Column(key="message_ms", title="message to all ms", digits=1),
]
_PASSIVE: Final = [
    Column(key="members", title="members"),
    Column(key="sessions", title="sessions"),
    Column(key="cpu_us", title="CPU µs a message"),
    Column(key="batch_us", title="CPU µs a session's batch", digits=2),
]


def run(run: Run) -> Result:
    """Costs that grow with a guild's size."""
    sessions = run.pick(_SESSIONS, 10)
    coming_in, looking, passive = [], [], []
    for members in run.pick(_SIZES, (20, 40)):
        folder = run.make_folder(f"members-{members}")
        crowd = make_crowd(folder / "data", members, min(sessions, members - 1))
        scene = _ServedGuild(run, folder, crowd, sessions)
        looking.append(scene.measure_looking())
        row, found = scene.measure_passive()
        passive.append(row)
        coming_in.append(found)
    by_members = ["members"]
    tables = [
        Table(title="coming in", columns=_COMING_IN, rows=coming_in,
              plot=Plot(title="first login", labels=by_members, value="load_ms", axis="ms, the guild's loading in it")),
        Table(title="everybody looks", columns=_LOOKING, rows=looking,
              plot=Plot(title="everybody looks", labels=by_members, value="cpu_us", axis="CPU µs a delivery")),
        Table(title="nobody looks", columns=_PASSIVE, rows=passive,
              plot=Plot(title="nobody looks", labels=by_members, value="cpu_us", axis="CPU µs a message")),
    ]  # fmt: skip
    return Result(name="large_guilds", tables=tables, deliveries=len(looking) * sessions * (_MESSAGES + 1))


class _ServedGuild:
    """One guild, and the servers that serve it one after the other."""

    def __init__(self, run: Run, folder: Path, crowd: Crowd, sessions: int) -> None:
        self._run = run
        self._folder = folder
        self._crowd = crowd
        self._sessions = sessions
        others = crowd.tokens[1:]
        self._tokens = list(islice(cycle(others), sessions))

    def measure_looking(self) -> dict[str, Any]:
        """Measure messages that go to all sessions."""
        product, client = self._start(_ALWAYS_SMALL)
        try:
            self._come_in(product, client, status="invisible")
            self._send(product, client, messages=1, frames=self._sessions)
            cpu_s, took_s = self._send(product, client, messages=_MESSAGES, frames=_MESSAGES * self._sessions)
        finally:
            client.stop()
            product.process.stop()
        return {
            "members": self._crowd.members,
            "sessions": self._sessions,
            "cpu_us": cpu_s / _MESSAGES / self._sessions * 1e6,
            "message_ms": took_s / _MESSAGES * 1e3,
        }

    def measure_passive(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Measure messages to passive sessions, and the cost of coming in."""
        product, client = self._start(_ALWAYS_LARGE)
        try:
            found = self._come_in(product, client, status="online")
            found |= self._look_around(product)
            found["rss_mib"] = product.process.rss_bytes() / 2**20
            self._send(product, client, messages=1, frames=self._sessions)
            cpu_before_s = product.process.cpu_s()
            client.expect(self._sessions)
            self._post(product, _MESSAGES)
            sent_s = product.process.cpu_s() - cpu_before_s
            client.wait()
            batch_s = product.process.cpu_s() - cpu_before_s - sent_s
        finally:
            client.stop()
            product.process.stop()
        row = {
            "members": self._crowd.members,
            "sessions": self._sessions,
            "cpu_us": sent_s / _MESSAGES * 1e6,
            "batch_us": batch_s / self._sessions * 1e6,
        }
        return row, found

    def _start(self, large_from: str) -> tuple[Product, LoadClient]:
        settings = {"GUILDWAY_GATEWAY_LARGE_GUILD_MEMBERS": large_from, "GUILDWAY_GATEWAY_PASSIVE_GAP_S": str(_GAP_S)}
        product = Product(self._folder / "data", {**settings, "GUILDWAY_GATEWAY_RESUME_WINDOW_S": "0"})
        return product, LoadClient(builds=self._run.builds, folder=self._folder)

    def _come_in(self, product: Product, client: LoadClient, *, status: str) -> dict[str, Any]:
        port = urlsplit(product.gateway).port or 0
        # Another guild's login comes first, since the first run of a process's code is not the guild's cost.
        other = Person.register(product.api, unique_name())
        other.post("/guilds", {"name": "warm"})
        client.connect_gateway(port, 1)
        client.login([other.token])
        client.connect_gateway(port, 1)
        first = client.login(self._tokens[:1], status=status)
        client.connect_gateway(port, self._sessions - 1)
        cpu_before_s = product.process.cpu_s()
        logins = client.login(self._tokens[1:], status=status)
        return {
            "members": self._crowd.members,
            "load_ms": first.guild.p50_ms,
            "login_ms": logins.guild.p50_ms,
            "login_cpu_us": (product.process.cpu_s() - cpu_before_s) / (self._sessions - 1) * 1e6,
        }

    def _look_around(self, product: Product) -> dict[str, Any]:
        person = Person(product.api, self._crowd.tokens[0])
        members = f"/guilds/{self._crowd.guild_id}/members"
        lists = [self._ask_list(product.gateway) for _ in range(1 + _REPEATS)]
        return {
            "list_ms": lists[0],
            "list_again_ms": min(lists[1:]),
            "page_ms": min(_time_ms(lambda: person.get(f"{members}?limit=1000")) for _ in range(_REPEATS)),
            "search_ms": min(
                _time_ms(lambda: person.get(f"{members}/search?query=ad&limit=100")) for _ in range(_REPEATS)
            ),
        }

    def _ask_list(self, gateway: str) -> float:
        """Log in as the owner and ask for the first hundred rows. Return how long these took."""
        with connect(f"{gateway}/?v=10&encoding=json", max_size=None, compression=None) as socket:
            socket.send(json.dumps({"op": 2, "d": {"token": self._crowd.tokens[0], "properties": {}}}))
            _wait_for(socket, READY)
            channels = {self._crowd.channels["lounge"]: [[0, 99]]}
            asked = json.dumps({"op": 14, "d": {"guild_id": self._crowd.guild_id, "channels": channels}})

            def ask() -> None:
                socket.send(asked)
                _wait_for(socket, GUILD_MEMBER_LIST_UPDATE)

            return _time_ms(ask)

    def _send(self, product: Product, client: LoadClient, *, messages: int, frames: int) -> tuple[float, float]:
        """Measure processor time and time until all frames have come."""
        cpu_before_s, started_s = product.process.cpu_s(), time.monotonic()
        client.expect(frames)
        self._post(product, messages)
        counted = client.wait()
        return product.process.cpu_s() - cpu_before_s, counted.at_s - started_s

    def _post(self, product: Product, messages: int) -> None:
        person = Person(product.api, self._crowd.tokens[0])
        for number in range(messages):
            person.post(f"/channels/{self._crowd.channels['lounge']}/messages", {"content": f"message {number}"})


def _wait_for(socket: Any, event: str) -> None:
    while json.loads(socket.recv())["t"] != event:
        pass


def _time_ms(work: Any) -> float:
    started_s = time.monotonic()
    work()
    return (time.monotonic() - started_s) * 1e3
