"""A gateway with a guild and members, told over stdin what to dispatch; and plain sockets for the reference.

    cpu               → processor seconds used so far
    burst EVENTS TURN → publishes so many MESSAGE_CREATEs, TURN of them in each turn of the loop, and answers when done
    plain EVENTS      → sends a frame of the same size so many times to every plain socket, in a loop of `socket.send`

Prints `ready gateway=… plain=HOST:PORT tokens=FILE channel=ID` when it serves.
"""

import asyncio
import contextlib
import gc
import socket
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from api.services.announcements import channel_event
from api.services.tokens import hash_token, make_token
from core.domain.channel import Channel, ChannelType
from core.domain.guild import Guild
from core.domain.message import Message, MessageView
from core.domain.permissions import DEFAULT_EVERYONE
from core.domain.role import Role
from core.domain.user import Account, AuthSession, User
from core.runtime.clock import SystemClock
from core.runtime.metrics import Metrics
from core.runtime.settings import GatewaySettings, Settings
from core.store.sql.store import SqlStore
from core.wire.envelope import Envelope
from core.wire.objects.message import render_message_dispatch
from core.wire.socket_message import RefusedMessage
from core_ext import SnowflakeGenerator
from gateway.app import build_gateway

_LOOPBACK: Final = "127.0.0.1"
_CONTENT: Final = "The quick brown fox jumps over the lazy dog."


class NoMessages:
    """The gateway's way to the API, which is not part of this."""

    async def send_from_gateway(self, user_id: int, channel_id: int, body: bytes) -> RefusedMessage:
        """Refuses."""
        return RefusedMessage(code=0, message=f"{user_id} {channel_id} {len(body)}")


class Bench:
    """What the commands need."""

    def __init__(
        self, *, store: SqlStore, ids: SnowflakeGenerator, guild_id: int, channel_id: int, author: User
    ) -> None:
        self._store = store
        self._ids = ids
        self._guild_id = guild_id
        self._channel_id = channel_id
        self._author = author
        self.plain: list[socket.socket] = []

    def make_event(self) -> Envelope:
        """A new message's event, as the API makes it."""
        message = Message(
            id=self._ids.next(),
            channel_id=self._channel_id,
            guild_id=self._guild_id,
            author_id=self._author.id,
            content=_CONTENT,
        )
        payload = render_message_dispatch(MessageView(message=message, author=self._author), None)
        return channel_event(
            message.id, "MESSAGE_CREATE", self._guild_id, self._channel_id, payload, author_id=self._author.id
        )

    async def burst(self, events: int, per_turn: int) -> None:
        """Publish through the bus, without keeping: what the store costs is another benchmark's."""
        envelopes = [self.make_event() for _ in range(events)]
        for start in range(0, events, per_turn):
            self._store.bus.publish_volatile(envelopes[start : start + per_turn])
            # Applied in the next turn, sent in that one or the next; then come the next events.
            for _ in range(3):
                await asyncio.sleep(0)

    def send_plainly(self, events: int) -> None:
        """The floor: what the kernel alone costs from Python."""
        body = b'{"t":"MESSAGE_CREATE","s":1000,"op":0,"d":' + bytes(self.make_event().payload) + b"}"
        frame = b"\x81\x7e" + len(body).to_bytes(2, "big") + body
        for _ in range(events):
            for plain in self.plain:
                plain.send(frame)

    async def obey(self, command: str) -> str:
        """One line of stdin; the answer."""
        match command.split():
            case ["cpu"]:
                return f"{time.process_time():.6f}"
            case ["burst", events, per_turn]:
                await self.burst(int(events), int(per_turn))
            case ["plain", events]:
                self.send_plainly(int(events))
            case _:
                return "what?"
        return "done"


async def prepare(folder: Path, members: int) -> tuple[SqlStore, Bench, SnowflakeGenerator]:
    """A guild, a channel, and members whose tokens are in `tokens`."""
    clock = SystemClock()
    store = await SqlStore.open(str(folder / "fanout.db"), clock=clock, num_shards=256)
    ids = SnowflakeGenerator(0, 0, clock.now_ms)
    users = [User(id=ids.next(), username=f"member{number}") for number in range(members)]
    guild_id, channel_id = ids.next(), ids.next()
    tokens = []
    async with store.write() as tx:
        for user in users:
            await tx.users.create(Account(user=user))
            token = make_token(user.id, clock.now_ms())
            tokens.append(token)
            login = AuthSession(
                id=ids.next(), user_id=user.id, token_hash=hash_token(token), created_ms=1, last_used_ms=1
            )
            await tx.users.add_auth_session(login)
        await tx.guilds.create(Guild(id=guild_id, name="bench", owner_id=users[0].id))
        everyone = Role(id=guild_id, guild_id=guild_id, name="@everyone", permissions=int(DEFAULT_EVERYONE))
        await tx.roles.create(everyone)
        channel = Channel(id=channel_id, type=ChannelType.TEXT, guild_id=guild_id, name="general")
        await tx.channels.create(channel)
        for user in users:
            await tx.members.add(guild_id, user.id, joined_ms=clock.now_ms())
    (folder / "tokens").write_bytes(msgspec.json.encode(tokens))
    return store, Bench(store=store, ids=ids, guild_id=guild_id, channel_id=channel_id, author=users[0]), ids


async def serve(folder: Path, members: int) -> None:
    """Serve until stdin ends or SIGTERM comes."""
    store, bench, ids = await prepare(folder, members)
    options = GatewaySettings(host=_LOOPBACK, port=0, heartbeat_timeout_factor=1000)
    gateway = build_gateway(
        store=store,
        bus=store.bus,
        ids=ids,
        clock=SystemClock(),
        settings=Settings(gateway=options),
        metrics=Metrics(),
        messages=NoMessages(),
    )
    await gateway.start()
    plain = socket.create_server((_LOOPBACK, 0), backlog=4096)
    plain.settimeout(0)
    loop = asyncio.get_running_loop()
    # As the gateway's event loop does: or the kernel gathers small sends, and that is not what is compared.
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    loop.add_reader(plain, lambda: bench.plain.append(plain.accept()[0]))
    commands: asyncio.Queue[str] = asyncio.Queue()
    loop.add_reader(sys.stdin, lambda: commands.put_nowait(sys.stdin.readline()))
    gc.collect()
    gc.freeze()
    host, port = plain.getsockname()
    print(f"ready gateway={gateway.local_url} plain={host}:{port} tokens={folder / 'tokens'}", flush=True)
    running = asyncio.create_task(gateway.run())
    while command := await commands.get():
        print(await bench.obey(command), flush=True)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await store.close()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
