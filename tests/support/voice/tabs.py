"""Tabs of a headless Chromium in voice, each with a page that joins as the client guide says, on a network that may lose."""

import contextlib
import functools
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from core_ext.media import Departures
from core_ext.media.departures_py import Departures as PlainDepartures
from tests.support.chromium import Page, open_pages
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.node import GUILD, Stage, open_stage
from tests.support.web_site import open_site
from voice.media.peer import Address

FLAGS: Final = [
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required", "--ignore-certificate-errors", "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
]  # fmt: skip
_SCRIPT: Final = Path(__file__).with_name("page.js")
LARGE_BYTES: Final = 500
"""What has pictures in it, and no sound."""


class Tab:
    """One user's page."""

    def __init__(self, page: Page, find_facts: Callable[[], Mapping[str, str]]) -> None:
        """`find_facts` gives `url`, `user`, `server`, `session` and `token` of the voice gateway to join at."""
        self.page = page
        self.ssrc = self.video_ssrc = self.screen_ssrc = 0
        self._find_facts = find_facts

    async def join(self, **wanted: Any) -> None:
        """Join with a microphone, and what else is wanted."""
        await self.page.call("((facts) => void (globalThis.voice = new Voice(facts)))", self._find_facts())
        await self.page.call("voice.join.bind(voice)", {"audio": True, **wanted})
        self.ssrc = await self.page.run("voice.ready.ssrc")
        self.video_ssrc = await self.page.run("voice.ready.streams[0]?.ssrc ?? 0")
        self.screen_ssrc = await self.page.run("voice.ready.streams[1]?.ssrc ?? 0")

    async def until(self, ssrc: int, check: str) -> dict[str, Any]:
        """Wait until what has come of a stream passes a check in JavaScript; return it."""
        found: dict[str, Any] = await self.page.run(f"voice.until({ssrc}, (found) => {check})")
        return found

    async def leave(self) -> None:
        """Leave, if it has joined."""
        await self.page.run("globalThis.voice?.leave()")


def seat_facts(stage: Stage, user_id: int) -> dict[str, str]:
    """Seat a user at a node of this process; return what its page is told."""
    server = stage.seat(user_id)
    return {
        "url": f"wss://{server.endpoint_for('127.0.0.1')}",
        "user": str(user_id),
        "server": str(GUILD),
        "session": f"session-{user_id}",
        "token": server.token,
    }


class Network:
    """The node's way to clients, which may lose packets. As long as it does, the plain code sends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loses = 0.0
        """The part of packets that is lost."""
        self.least_bytes = LARGE_BYTES
        """Only packets that are as long are."""
        self.lost = 0
        self._random = random.Random(5)
        monkeypatch.setattr("voice.media.media_socket.Departures", self._open)

    def lose(self, part: float, *, least_bytes: int = LARGE_BYTES) -> None:
        """Lose a part of all packets of this size and larger ones from now on."""
        self.loses, self.least_bytes = part, least_bytes

    def _open(self, sock: socket.socket, drop: Callable[[str], None]) -> "Network":
        self._sock, self._whole, self._lossy = sock, Departures(sock, drop), PlainDepartures(self, drop)
        return self

    def sendto(self, datagram: bytes, address: Address) -> None:
        """Send a datagram, or lose it."""
        if len(datagram) >= self.least_bytes and self._random.random() < self.loses:
            self.lost += 1
        else:
            self._sock.sendto(datagram, address)

    def __getattr__(self, name: str) -> Any:
        """Return what departures have."""
        return getattr(self._lossy if self.loses else self._whole, name)


class Scene(msgspec.Struct):
    """A node, and tabs that have not joined."""

    network: Network
    stage: Stage
    tabs: list[Tab]
    certificates: Certificates

    @property
    def ada(self) -> Tab:
        """The first tab."""
        return self.tabs[0]

    @property
    def bob(self) -> Tab:
        """The second tab."""
        return self.tabs[1]


@contextlib.asynccontextmanager
async def open_scene(
    folder: Path, monkeypatch: pytest.MonkeyPatch, count: int = 2, flags: Sequence[str] = ()
) -> AsyncIterator[Scene]:
    """Open a node and so many tabs, of the users from 1 on, in a browser with more flags. They leave at the end."""
    network = Network(monkeypatch)
    certificates = make_certificates(folder)
    async with open_stage(certificate=str(certificates.server)) as stage, open_tabs(folder, count, flags) as pages:
        tabs = [Tab(page, functools.partial(seat_facts, stage, user_id)) for user_id, page in enumerate(pages, start=1)]
        yield Scene(network, stage, tabs, certificates)
        for tab in tabs:
            await tab.leave()


@contextlib.asynccontextmanager
async def open_tabs(
    folder: Path, count: int, flags: Sequence[str] = (), scripts: Sequence[Path] = ()
) -> AsyncIterator[list[Page]]:
    """Open so many tabs with the page, which may have more scripts, in a browser with more flags."""
    async with open_site() as site:
        page = "<!doctype html><title>Voice</title><body>"
        for script in (_SCRIPT, *scripts):
            site.serve(f"/{script.name}", script.read_text(), "text/javascript")
            page += f'<script src="/{script.name}"></script>'
        site.serve("/", page)
        site.serve("/favicon.ico", b"", "image/x-icon")
        urls = [site.url("/", "localhost")] * count
        async with open_pages(folder / "profile", urls, [*FLAGS, *flags]) as pages:
            yield pages
