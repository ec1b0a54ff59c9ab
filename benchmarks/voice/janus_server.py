"""Janus with its videoroom: Debian's package `janus`, as a rival. Each person has two connections there.

Its own advice for many people is followed: `event_loops`, so that connections share threads instead of having one each.
It is spoken to over its Unix socket, and only answers checks ("ice_lite"), as the node does.
"""

import asyncio
import itertools
import shutil
import socket
import string
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.processes import SERVER_CORE, PinnedProcess
from benchmarks.voice.browser import LEVEL, OPUS, PASSWORD, UFRAG, VP8, Browser, Certificate, parse_way
from voice.webrtc.offer import AUDIO_LEVEL

_LIBRARIES: Final = "/usr/lib/x86_64-linux-gnu/janus"
_LONGEST_BYTES: Final = 1 << 20
_MOST_BYTES: Final = 8192
_START_S: Final = 60.0
_LOOK_S: Final = 0.05
_ANSWER_S: Final = 20.0
_PLUGIN: Final = "janus.plugin.videoroom"

_SETTINGS: Final = {
    "janus.jcfg": """
general: {
    configs_folder = "$folder"
    plugins_folder = "$libraries/plugins"
    transports_folder = "$libraries/transports"
    debug_level = 2
    event_loops = 2
    session_timeout = 0
}
media: { ipv6 = false }
nat: {
    ice_lite = true
}
plugins: { disable = "$plugins" }
transports: { disable = "$transports" }
""",
    "janus.transport.pfunix.jcfg": """
general: {
    enabled = true
    json = "compact"
    path = "$folder/api"
}
""",
}


def is_installed() -> bool:
    """Return whether there is a Janus with its videoroom."""
    return shutil.which("janus") is not None and (Path(_LIBRARIES) / "plugins" / "libjanus_videoroom.so").exists()


class JanusServer:
    """The process. `close` it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "api"
        facts = {
            "folder": folder,
            "libraries": _LIBRARIES,
            "plugins": _name_others("plugins", "libjanus_videoroom.so"),
            "transports": _name_others("transports", "libjanus_pfunix.so"),
        }
        for name, text in _SETTINGS.items():
            (folder / name).write_text(string.Template(text).substitute(facts))
        self.process = _start(folder)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._sock.settimeout(0)
        self._transactions = itertools.count()
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._up: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._reading: asyncio.Task[None] | None = None
        self._session = 0
        self._browsers: list[Browser] = []

    async def open(self) -> None:
        """Wait until it answers. Raises TimeoutError."""
        async with asyncio.timeout(_START_S):
            while not await self._is_connected():
                if not self.process.is_running:  # now and then it does not find its own transport, and ends at once
                    self.process.stop()
                    self.process = _start(self._path.parent)
                await asyncio.sleep(_LOOK_S)
            self._reading = asyncio.ensure_future(self._read())
            self._session = (await self._ask(janus="create"))["data"]["id"]
        self.process.pin(SERVER_CORE)

    async def _is_connected(self) -> bool:
        try:
            await asyncio.get_running_loop().sock_connect(self._sock, str(self._path))
        except OSError:
            return False
        return True

    async def fill_room(self, room: int, people: int, *, payload_type: int) -> tuple[list[Browser], list[Browser]]:
        """Have people join, each of whom sends and gets what all others send; return who sends and who gets."""
        await self._tell(await self._attach(), {"request": "create", "room": room, "publishers": people})
        certificate = Certificate()
        publishers = await asyncio.gather(
            *(self._publish(certificate, room, person, payload_type) for person in range(people))
        )
        feeds = [feed for feed, _ in publishers]
        hearers = await asyncio.gather(
            *(self._subscribe(certificate, room, [other for other in feeds if other != feed]) for feed in feeds)
        )
        return [browser for _, browser in publishers], hearers

    async def _publish(
        self, certificate: Certificate, room: int, person: int, payload_type: int
    ) -> tuple[int, Browser]:
        handle = await self._attach()
        joined = await self._tell(handle, {"request": "join", "ptype": "publisher", "room": room})
        browser = Browser(certificate, ssrc=1000 * room + person, payload_type=payload_type)
        self._browsers.append(browser)
        offer = _describe(["audio" if payload_type == OPUS else "video"], certificate, "sendonly", browser)
        answer = await self._tell(handle, {"request": "publish"}, {"type": "offer", "sdp": offer})
        await self._connect(browser, handle, answer["jsep"]["sdp"])
        return joined["plugindata"]["data"]["id"], browser

    async def _subscribe(self, certificate: Certificate, room: int, feeds: Sequence[int]) -> Browser:
        handle = await self._attach()
        streams = [{"feed": feed} for feed in feeds]
        body = {"request": "join", "ptype": "subscriber", "room": room, "streams": streams}
        offer = (await self._tell(handle, body))["jsep"]["sdp"]
        kinds = [line[2:7] for line in offer.splitlines() if line.startswith("m=")]
        browser = Browser(certificate, ssrc=1)
        self._browsers.append(browser)
        answer = _describe(kinds, certificate, "recvonly", browser)
        await self._tell(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        await self._connect(browser, handle, offer)
        return browser

    async def _attach(self) -> int:
        answer = await self._ask(janus="attach", session_id=self._session, plugin=_PLUGIN)
        handle: int = answer["data"]["id"]
        return handle

    async def _tell(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        facts: dict[str, Any] = {} if jsep is None else {"jsep": jsep}
        answer = await self._ask(janus="message", session_id=self._session, handle_id=handle, body=body, **facts)
        if "error_code" in answer["plugindata"]["data"]:
            raise RuntimeError(f"Janus refuses: {answer}")
        return answer

    async def _connect(self, browser: Browser, handle: int, sdp: str) -> None:
        await browser.connect(parse_way(sdp), checks_too=True)
        async with asyncio.timeout(_ANSWER_S):
            await self._up[handle].wait()

    async def _ask(self, **question: Any) -> dict[str, Any]:
        transaction = str(next(self._transactions))
        self._answers[transaction] = asyncio.get_running_loop().create_future()
        message = msgspec.json.encode({**question, "transaction": transaction})
        assert len(message) < _MOST_BYTES, "Janus reads no more at once"
        await asyncio.get_running_loop().sock_sendall(self._sock, message)
        async with asyncio.timeout(_ANSWER_S):
            answer = await self._answers[transaction]
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus refuses: {answer}")
        return answer

    async def _read(self) -> None:
        """Read answers, and what it says of itself."""
        while True:
            said = msgspec.json.decode(await asyncio.get_running_loop().sock_recv(self._sock, _LONGEST_BYTES))
            transaction = said.get("transaction", "")
            if said["janus"] == "webrtcup":
                self._up[said["sender"]].set()
            elif said["janus"] != "ack" and transaction in self._answers:
                self._answers.pop(transaction).set_result(said)

    def close(self) -> None:
        """End it."""
        if self._reading is not None:
            self._reading.cancel()
        for browser in self._browsers:
            browser.close()
        self._sock.close()
        self.process.stop()


def _start(folder: Path) -> PinnedProcess:
    command = ["janus", "--config", str(folder / "janus.jcfg"), "--configs-folder", str(folder), "--disable-colors"]
    return PinnedProcess(command, on_core=None)


def _name_others(kind: str, used: str) -> str:
    return ",".join(path.name for path in sorted(Path(_LIBRARIES, kind).glob("*.so")) if path.name != used)


def _describe(kinds: Sequence[str], certificate: Certificate, direction: str, browser: Browser) -> str:
    """Write a description with a stream of each kind, "audio" or "video", all on one connection."""
    ip, port = browser.sock.getsockname()
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(map(str, range(len(kinds))))}",
        f"a=ice-ufrag:{UFRAG}",
        f"a=ice-pwd:{PASSWORD}",
        f"a=fingerprint:sha-256 {certificate.fingerprint}",
        "a=setup:active",
    ]
    for number, kind in enumerate(kinds):
        payload_type, codec = (OPUS, "opus/48000/2") if kind == "audio" else (VP8, "VP8/90000")
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}",
            "c=IN IP4 0.0.0.0",
            f"a=mid:{number}",
            f"a={direction}",
            "a=rtcp-mux",
            f"a=rtpmap:{payload_type} {codec}",
        ]
        if number == 0:
            lines += [f"a=candidate:1 1 UDP 2130706431 {ip} {port} typ host", "a=end-of-candidates"]
        if kind == "audio":
            lines.append(f"a=extmap:{LEVEL} {AUDIO_LEVEL}")
        else:
            lines += [f"a=rtcp-fb:{VP8} {feedback}" for feedback in ("nack", "nack pli", "goog-remb")]
        if direction == "sendonly":
            lines.append(f"a=ssrc:{browser.ssrc} cname:them")
    return "\r\n".join(lines) + "\r\n"
