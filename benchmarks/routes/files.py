"""Files: how quickly a large one comes and goes, and how much memory the server needs for it.

One client uploads a file ahead of its message, sends the message, and reads the file by its link, over loopback. The
reference is a loop of `recv`, `write` and `fsync`, and of `sendfile` (`rivals/bare_files.py`). The memory is the
highest resident set during the transfer above that before it, looked at a hundred times a second.
"""

import http.client
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.harness.processes import CLIENT_CORE, SERVER_CORE, PinnedProcess, core
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product, unique_name

_ROUNDS: Final = 3
_MIB: Final = 1 << 20
_SIZE: Final = 1 << 30
_LOOK_S: Final = 0.01
_BLOCK: Final = os.urandom(_MIB)
_COLUMNS: Final = [
    Column(key="what", title="1 file"),
    Column(key="bare", title="reference MB/s"),
    Column(key="guildway", title="Guildway MB/s"),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="memory_mib", title="memory above idle MiB", digits=1),
]


class _Transfer(msgspec.Struct, frozen=True):
    megabytes_per_s: float
    memory_mib: float


def run(run: Run) -> Result:
    """One large file in and out, and the memory that it takes."""
    rounds, size = run.pick((_ROUNDS, _SIZE), (1, 64 * _MIB))
    folder = run.make_folder("files")
    os.sched_setaffinity(0, core(CLIENT_CORE))
    bare = PinnedProcess(
        [sys.executable, "-m", "benchmarks.rivals.bare_files", str(folder / "bare")], on_core=SERVER_CORE
    )
    product = Product(folder / "data", {"GUILDWAY_FILES_MAX_UPLOAD_BYTES": str(size)})
    found: dict[str, list[tuple[_Transfer, _Transfer]]] = {"upload": [], "download": []}
    full = product.process
    try:
        bare_url = f"{bare.read_ready()['api']}/file"
        sender = _Sender(product)
        for _ in range(rounds):
            url, taken = sender.announce(size)
            puts = _measure(bare, size, partial(_put, bare_url, size)), _measure(full, size, partial(_put, url, size))
            found["upload"].append(puts)
            gets = partial(_get, bare_url), partial(_get, sender.send(taken))
            found["download"].append((_measure(bare, size, gets[0]), _measure(full, size, gets[1])))
    finally:
        bare.stop()
        product.process.stop()
    title = f"a file of {size // _MIB:,} MiB over loopback, durable: median of {rounds} rounds"
    table = Table(title=title, columns=_COLUMNS, rows=[_describe(what, pairs) for what, pairs in found.items()])
    return Result(name="files", tables=[table])


class _Sender:
    """Somebody who sends files to a channel of their own."""

    def __init__(self, product: Product) -> None:
        self._person = Person.register(product.api, unique_name())
        guild = self._person.post("/guilds", {"name": "bench"})
        channels = self._person.get(f"/guilds/{guild['id']}/channels")
        self._channel_id = next(found["id"] for found in channels if found["type"] == 0)

    def announce(self, size: int) -> tuple[str, str]:
        """Return the link to upload to, and the name by which a message takes the upload."""
        files = [{"filename": "a.bin", "file_size": size}]
        answer = self._person.post(f"/channels/{self._channel_id}/attachments", {"files": files})
        (upload,) = answer["attachments"]
        return upload["upload_url"], upload["upload_filename"]

    def send(self, taken: str) -> str:
        """Send the upload, and return the link to it."""
        body = {"attachments": [{"id": 0, "uploaded_filename": taken}]}
        message = self._person.post(f"/channels/{self._channel_id}/messages", body)
        url: str = message["attachments"][0]["url"]
        return url


def _measure(process: PinnedProcess, size: int, transfer: Callable[[], None]) -> _Transfer:
    """Do a transfer, and watch the server's memory meanwhile."""
    idle = highest = process.rss_bytes()
    is_over = threading.Event()

    def watch() -> None:
        nonlocal highest
        while not is_over.wait(_LOOK_S):
            highest = max(highest, process.rss_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    started = time.perf_counter()
    try:
        transfer()
    finally:
        took_s = time.perf_counter() - started
        is_over.set()
        watching.join()
    return _Transfer(size / took_s / 1e6, (highest - idle) / _MIB)


def _put(url: str, size: int) -> None:
    connection, path = _connect(url)
    connection.request("PUT", path, _blocks(size), {"Content-Length": str(size)})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def _blocks(size: int) -> Iterator[bytes]:
    for _ in range(size // _MIB):
        yield _BLOCK


def _get(url: str) -> None:
    connection, path = _connect(url)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    buffer = bytearray(_MIB)
    while answer.readinto(buffer):
        pass
    connection.close()


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.netloc, timeout=120), f"{parts.path}?{parts.query}"


def _describe(what: str, pairs: list[tuple[_Transfer, _Transfer]]) -> dict[str, Any]:
    ratios = [full.megabytes_per_s / bare.megabytes_per_s for bare, full in pairs]
    return {
        "what": what,
        "bare": statistics.median(bare.megabytes_per_s for bare, _ in pairs),
        "guildway": statistics.median(full.megabytes_per_s for _, full in pairs),
        "ratio": statistics.median(ratios),
        "spread": f"{min(ratios):.2f}–{max(ratios):.2f}",
        "memory_mib": max(full.memory_mib for _, full in pairs),
    }
