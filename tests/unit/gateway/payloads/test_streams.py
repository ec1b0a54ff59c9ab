"""Golden streams: many thousands of mixed events to many connections, decompressed by stock decoders, byte for byte."""

import logging
import random
import shutil
import subprocess
from collections.abc import Callable

import msgspec
import pytest

from core_ext.delivery import SendQueue
from gateway.payloads.body import Body
from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from tests.support.gateway.stream_clients import DECODERS, Member

EVENTS = 200
MEMBERS = 50
"""The number of clients with each decoder: more than a chain needs."""
logger = logging.getLogger(__name__)
NODE = shutil.which("node")
INFLATE = """
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  const { inflateSync, constants } = require("node:zlib");
  process.stdout.write(inflateSync(Buffer.concat(chunks), { finishFlush: constants.Z_SYNC_FLUSH }));
});
"""
WORDS = (
    "hello",
    "world",
    "naïve",
    "Größe",
    "日本語のテキスト",
    "🦊🦊",
    '"quoted"',
    "back\\slash",
    "  ",
    "\x00\x1f",
    "aaaaaaaa",
    "the",
)


def make_event(chance: random.Random) -> Body:
    """Events as in guilds: mostly small and alike, at times large, seldom without any likeness."""
    kind = chance.random()
    if kind < 0.2:
        return DispatchBody("TYPING_START", msgspec.json.encode({"user_id": str(chance.getrandbits(60))}))
    if kind < 0.25:
        return DispatchBody("BIG", msgspec.json.encode([make_text(chance, chance.choice([3000, 12_000]))]))
    if kind < 0.28:
        noise = "".join(map(chr, chance.choices(range(33, 0x2000), k=chance.choice([300, 20_000]))))
        return DispatchBody("NOISE", msgspec.json.encode({"noise": noise, "float": chance.random()}))
    if kind < 0.33:
        own = {"joined_at": make_text(chance, chance.choice([2, 200])), "n": chance.getrandbits(64)}
        return SplicedBody("GUILD_CREATE", msgspec.json.encode(own), chance.choice(SHARED))
    message = {
        "id": str(chance.getrandbits(62)),
        "content": make_text(chance, int(chance.expovariate(0.1))),
        "author": {"id": str(chance.randrange(5)), "username": "someone", "avatar": None, "bot": False},
        "timestamp": "2026-01-01T00:00:00.000000+00:00",
        "mentions": [],
        "flags": -chance.getrandbits(40),
    }
    return DispatchBody("MESSAGE_CREATE", msgspec.json.encode(message))


def make_text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words))


def share(name: str, chance: random.Random, size: int) -> SharedPairs:
    roles = [
        {"id": str(chance.getrandbits(60)), "name": make_text(chance, 2), "position": index} for index in range(size)
    ]
    return SharedPairs(msgspec.json.encode({name: roles, f"{name}_count": size}))


_chance = random.Random(1)
SHARED = (
    (),
    (share("roles", _chance, 3),),
    (share("roles", _chance, 50), share("channels", _chance, 80)),
    (share("a", _chance, 0), share("b", _chance, 300), share("c", _chance, 1)),
)


def play(seed: int, members: list[Member], flush: Callable[[], None]) -> None:
    """Mix events for all or some, bursts, unicast payloads, stalls, lost and resumed connections."""
    chance = random.Random(seed)
    for _ in range(EVENTS):
        body = make_event(chance)
        share = chance.choice([1, 1, 1, 1, 2, 10])
        for member in members[chance.randrange(share) :: share]:
            member.push(body)
        for member in chance.choices(members, k=chance.choice([0, 0, 0, 3])):
            member.client.say_something()
        if chance.random() < 0.05:
            member = chance.choice(members)
            member.client.is_slow = not member.client.is_slow
        if chance.random() < 0.05:
            chance.choice(members).resume(chance.randrange(20))
        if chance.random() < 0.6:
            flush()
    flush()


@pytest.mark.parametrize("encoding", list(Encoding))
def test_streams_of_mixed_events_are_read_byte_for_byte(encoding: Encoding) -> None:
    seed = random.SystemRandom().getrandbits(32)
    logger.warning("the streams' seed is %d", seed)  # shown when the test fails
    queue = SendQueue(lambda: None)
    kinds = [name for name in DECODERS if name != "none"]
    members = [Member(queue, encoding, kinds[index % len(kinds)]) for index in range(MEMBERS * len(kinds))]

    def flush() -> None:
        while queue.flush(len(members)):
            pass

    play(seed, members, flush)
    for member in members:
        member.client.assert_all_came()
    assert sum(member.track.seq for member in members) > 10_000
    if encoding is Encoding.JSON:
        for compression in (Compression.ZLIB_STREAM, Compression.ZSTD_STREAM):
            looked_back = [each.client.chained for each in members if each.client.compression is compression]
            assert sum(looked_back) > 100
    if NODE is not None:
        assert_node_reads(members)


def assert_node_reads(members: list[Member]) -> None:
    """Node's zlib decompresses a stream as Python's does."""
    clients = [client for member in members for client in member.clients]
    longest = max(
        (client for client in clients if client.compression is Compression.ZLIB_STREAM), key=lambda each: len(each.wire)
    )
    assert NODE is not None
    done = subprocess.run([NODE, "-e", INFLATE], input=bytes(longest.wire), capture_output=True, check=True)
    assert done.stdout == bytes(longest.text)
